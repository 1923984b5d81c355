"""Which names belong to one owner: the registered domain under a public suffix. RFC 7489 §3.2. Pure."""

from functools import lru_cache

from publicsuffixlist import PublicSuffixList


@lru_cache(maxsize=1)
def _list() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=4_096)
def find_organisation(domain: str) -> str:
    """`mail.example.co.uk` → `example.co.uk`; the domain itself where it is a public suffix."""
    name = domain.lower().rstrip(".")
    return str(_list().privatesuffix(name) or name)


def is_aligned(*, identity: str, author: str, strict: bool) -> bool:
    """Whether two domains speak for the same owner (RFC 7489 §3.1)."""
    one, other = identity.lower().rstrip("."), author.lower().rstrip(".")
    if not one or not other:
        return False
    return one == other if strict else find_organisation(one) == find_organisation(other)

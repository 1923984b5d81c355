"""`mailto:` URIs of the notify action (RFC 5436 §2.1, RFC 6068)."""

from dataclasses import dataclass
from urllib.parse import unquote

from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import BadSyntax

MAX_ADDRESSES = 8
_PASSED = frozenset(("subject", "to", "cc", "body"))
"""RFC 5436 §2.7: others must not be set from a URI."""


@dataclass(frozen=True, slots=True)
class Mailto:
    addresses: tuple[str, ...]
    subject: str
    body: str


def parse(uri: str) -> Mailto:
    """Raises BadSyntax."""
    scheme, _, rest = uri.strip().partition(":")
    if scheme.lower() != "mailto":
        raise BadSyntax("only mailto: can be notified")
    path, _, query = rest.partition("?")
    values = dict.fromkeys(_PASSED, "")
    addresses = [unquote(one) for one in path.split(",") if one]
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name.lower() in ("to", "cc"):
            addresses += [one.strip() for one in unquote(value).split(",") if one.strip()]
        elif name.lower() in _PASSED:
            values[name.lower()] = unquote(value)
    if not addresses or len(addresses) > MAX_ADDRESSES:
        raise BadSyntax(f"a mailto: URI names one to {MAX_ADDRESSES} addresses")
    return Mailto(tuple(str(MailAddress.parse(one)) for one in addresses), " ".join(values["subject"].split()), values["body"])


def is_usable(uri: str) -> bool:
    try:
        parse(uri)
    except BadSyntax:
        return False
    return True

"""The operator's rules about TLS to other domains: set, list, remove."""

from dataclasses import dataclass

from mailcore.kernel.addresses import fold_domain
from mailcore.kernel.errors import BadSyntax, NotFound

from .models import TlsRule

MODES = tuple(TlsRule.Mode.values)


@dataclass(frozen=True, slots=True)
class Rule:
    domain: str
    """`.example.org` is every domain below it."""
    mode: str
    """never, may, encrypt or verify."""
    note: str = ""


def list_all() -> list[Rule]:
    return [Rule(*row) for row in TlsRule.objects.order_by("domain").values_list("domain", "mode", "note")]


def put(*, domain: str, mode: str, note: str = "") -> Rule:
    """Make or replace the rule of a domain. BadSyntax for what is no domain or no mode."""
    if mode not in MODES:
        raise BadSyntax(f"A rule is one of {', '.join(MODES)}.", repr(mode))
    folded = fold(domain)
    TlsRule.objects.update_or_create(domain=folded, defaults={"mode": mode, "note": note.strip()[:200]})
    return Rule(folded, mode, note.strip()[:200])


def remove(*, domain: str) -> None:
    if not TlsRule.objects.filter(domain=fold(domain)).delete()[0]:
        raise NotFound(f"There is no TLS rule for {domain}.")


def fold(text: str) -> str:
    dot = "." if text.strip().startswith(".") else ""
    return dot + fold_domain(text.strip().lstrip("."))

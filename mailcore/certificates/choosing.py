"""Which certificate is shown to a client that asks for a name (SNI, RFC 6066 §3), or for none. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from .material import Material


@dataclass(frozen=True, slots=True)
class Held:
    place: str
    """A path, or the name of a row."""
    material: Material
    is_file: bool = False
    is_default: bool = False
    """The pair that lies in `tls/` itself."""


@dataclass(frozen=True, slots=True)
class Choice:
    by_name: dict[str, Held]
    default: Held

    def find(self, name: str | None) -> Held:
        """For a name exactly, else for `*.` in front of what is after its first dot (RFC 6125 §6.4.3), else the default."""
        folded = (name or "").lower().rstrip(".")
        return self.by_name.get(folded) or self.by_name.get("*." + folded.partition(".")[2]) or self.default

    def list_used(self) -> list[Held]:
        found = {id(one): one for one in (self.default, *self.by_name.values())}
        return list(found.values())


def arrange(held: Sequence[Held], *, hostname: str, now: int) -> Choice:
    """Of several for a name: valid before expired, signed by others before by itself, the operator's file before a row."""
    worst_first = sorted(held, key=lambda one: _rank(one, now), reverse=True)
    by_name = {name: one for one in worst_first for name in one.material.names}
    of_host = by_name.get(hostname.lower()) or by_name.get("*." + hostname.lower().partition(".")[2])
    stated = next((one for one in held if one.is_default and not one.material.is_self_signed), None)
    default = stated or of_host or next((one for one in held if one.is_default), worst_first[-1])
    # What we signed ourselves stands in until there is anything better for this host, and then is shown to nobody.
    chosen = {name: one for name, one in by_name.items() if one is default or not (one.is_default and one.material.is_self_signed)}
    return Choice(chosen, default)


def _rank(one: Held, now: int) -> tuple[bool, bool, bool, int]:
    return one.material.not_after <= now, one.material.is_self_signed, not one.is_file, -one.material.not_after

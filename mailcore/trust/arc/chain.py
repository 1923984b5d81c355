"""The ARC sets of a message, in order, and whether they hold together. RFC 8617 §4, §5.2. Pure; asks only the names port."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .. import tags
from ..dkim import publickeys, signature
from ..dkim.canonical import canonicalise_field, without_signature
from ..dkim.publickeys import NoKey, WeakKey
from ..dkim.signature import ALGORITHMS
from ..dkim.verification import Bodies, judge
from ..fields import Field, unfold
from ..names import Names, NamesFailed, is_name
from ..tags import BadTags

MAX_SETS = 50
MAX_CHECKED = 10
"""Seals looked at; a longer chain is not believed, so that a message cannot make us check fifty keys."""
RESULTS = b"arc-authentication-results"
MESSAGE = b"arc-message-signature"
SEAL = b"arc-seal"
_INSTANCE = re.compile(rb"[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*([1-9]\d?)[ \t\r\n]*;")


class BrokenChain(ValueError):
    """The sets do not make a chain."""


@dataclass(frozen=True, slots=True)
class ArcSet:
    results: Field
    message: Field
    seal: Field


@dataclass(frozen=True, slots=True)
class Verdict:
    result: str
    """none, pass, fail, or temperror where the DNS did not answer."""
    sealers: tuple[str, ...] = ()
    """Domains of the seals, first to last."""
    reason: str = ""
    count: int = 0
    """Sets the message carries."""
    latest_results: str = ""
    """What the last sealer says it found."""


def collect(fields: Sequence[Field]) -> list[ArcSet]:
    """The sets, first to last. BrokenChain where one is missing, doubled or unreadable."""
    found: dict[tuple[bytes, int], Field] = {}
    for field in fields:
        if field.name not in (RESULTS, MESSAGE, SEAL):
            continue
        number = read_instance(field)
        if (field.name, number) in found:
            raise BrokenChain(f"two fields of set {number}")
        found[field.name, number] = field
    count = max((number for _, number in found), default=0)
    if count > MAX_SETS or len(found) != count * 3:
        raise BrokenChain("a set is not complete")
    return [ArcSet(found[RESULTS, n], found[MESSAGE, n], found[SEAL, n]) for n in range(1, count + 1)]


def read_instance(field: Field) -> int:
    """i= where it stands; it must come first only in ARC-Authentication-Results (§4.1.1)."""
    match = _INSTANCE.match(field.value)
    if match is not None:
        return int(match[1])
    if field.name == RESULTS:
        raise BrokenChain("a set without number")
    try:
        return tags.read_number(tags.parse(field.value.decode("utf-8", "replace")).get("i", ""), digits=2)
    except BadTags as error:
        raise BrokenChain("a set without number") from error


def check(names: Names, fields: Sequence[Field], bodies: Bodies, *, now: int) -> Verdict:
    """Never raises. §5.2: structure, cv of every seal, the latest message signature, every seal."""
    try:
        sets = collect(fields)
        if not sets:
            return Verdict("none")
        if len(sets) > MAX_CHECKED:
            raise BrokenChain(f"more than {MAX_CHECKED} sets")
        seals = [_read_seal(one.seal, position) for position, one in enumerate(sets, 1)]
        _check_message(names, fields, sets[-1], bodies, now)
        for position in range(len(sets), 0, -1):
            _check_seal(names, sets[:position], seals[position - 1])
    except NamesFailed as error:
        return Verdict("temperror", reason=str(error), count=_count(fields))
    except (BrokenChain, BadTags, NoKey, WeakKey) as error:
        return Verdict("fail", reason=str(error), count=_count(fields))
    return Verdict(
        "pass", tuple(seal["d"].lower() for seal in seals), "", len(sets), unfold(sets[-1].results.value).decode("utf-8", "replace")
    )


def gather_seal(sets: Sequence[ArcSet]) -> bytes:
    """What the last seal of `sets` is over: all their fields, its own with b= empty and no line end (§5.1.1)."""
    parts = []
    for one in sets:
        parts += [canonicalise_field(field.raw, relaxed=True) for field in (one.results, one.message)]
        own = without_signature(one.seal.raw) if one is sets[-1] else one.seal.raw
        parts.append(canonicalise_field(own, relaxed=True))
    return b"".join(parts).removesuffix(b"\r\n")


def _read_seal(field: Field, position: int) -> dict[str, str]:
    found = tags.parse(field.value.decode("utf-8", "replace"))
    missing = [name for name in ("a", "b", "cv", "d", "s") if not found.get(name)]
    if missing:
        raise BrokenChain(f"seal {position} lacks {missing[0]}=")
    if "h" in found:
        raise BrokenChain(f"seal {position} has h=")
    if found["cv"].lower() != ("none" if position == 1 else "pass"):
        raise BrokenChain(f"seal {position} says cv={found['cv'][:10]}")
    if found["a"] not in ALGORITHMS:
        raise BrokenChain(f"seal {position} is by {found['a'][:30]}")
    if not is_name(found["d"]) or not is_name(found["s"]):
        raise BrokenChain(f"seal {position} names no key")
    return found


def _check_message(names: Names, fields: Sequence[Field], last: ArcSet, bodies: Bodies, now: int) -> None:
    parsed = signature.parse(last.message.value, is_arc=True)
    others = [field for field in fields if field is not last.message and field is not last.seal and field is not last.results]
    verdict = judge(names, others, bodies, last.message, parsed, now=now)
    if verdict.result == "temperror":
        raise NamesFailed(verdict.reason)
    if verdict.result != "pass":
        raise BrokenChain(f"the latest message signature: {verdict.reason}")


def _check_seal(names: Names, sets: Sequence[ArcSet], seal: dict[str, str]) -> None:
    key = publickeys.find(names, selector=seal["s"].lower(), domain=seal["d"].lower())
    if key.algorithm != seal["a"].partition("-")[0] or not key.verify(tags.decode_base64(seal["b"]), gather_seal(sets)):
        raise BrokenChain(f"seal {len(sets)} does not match")


def _count(fields: Sequence[Field]) -> int:
    return sum(field.name == SEAL for field in fields)

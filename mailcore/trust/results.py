"""The Authentication-Results field: writing ours, and finding those that claim to be ours. RFC 8601. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .fields import find_body, split

_COMMENTS = re.compile(r"\([^()]*\)")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+./^_`{|}~-]+(?:@[A-Za-z0-9!#$%&'*+./^_`{|}~-]+)?\Z")
_NAME = b"authentication-results"


@dataclass(frozen=True, slots=True)
class Result:
    method: str
    result: str
    properties: tuple[tuple[str, str], ...] = ()
    """e.g. (("smtp.mailfrom", "example.org"),)."""
    reason: str = ""


def write(hostname: str, results: Sequence[Result]) -> str:
    """The value of the field, folded, in ASCII; `none` where nothing was checked (§2.2)."""
    parts = [_write_one(one) for one in results] or ["none"]
    return f"{hostname};\r\n\t" + ";\r\n\t".join(parts)


def remove_forged(raw: bytes, *, hostname: str) -> tuple[bytes, int]:
    """(the message without fields in our name, how many there were). RFC 8601 §5.

    Everything else keeps every octet. The usual message, without such a field, is not copied.
    """
    end, _ = find_body(raw)
    if _NAME not in raw[:end].lower():
        return raw, 0
    kept: list[bytes] = []
    position = removed = 0
    for field in split(raw)[0]:
        after = position + len(field.raw)
        if field.name == _NAME and claims_to_be(field.value, hostname):
            removed += 1
        else:
            kept.append(raw[position:after])
        position = after
    return (b"".join(kept) + raw[position:], removed) if removed else (raw, 0)


def claims_to_be(value: bytes, hostname: str) -> bool:
    """Whether the authserv-id is this host, however it is written: comments, case, quotes, a version behind it."""
    text = value.replace(b"\r\n", b"").decode("latin-1")
    for _ in range(20):
        text, count = _COMMENTS.subn(" ", text)
        if not count:
            break
    name = text.partition(";")[0].strip().strip('"').split(" ")[0].split("\t")[0].strip('"').rstrip(".").lower()
    own = hostname.lower().rstrip(".")
    return name == own or name.endswith(f".{own}")


def _write_one(one: Result) -> str:
    text = f"{one.method}={one.result}"
    if one.reason:
        text += f' reason="{_plain(one.reason)}"'
    for name, value in one.properties:
        if value:
            text += f"\r\n\t {name}={_value(value)}"
    return text


def _value(text: str) -> str:
    return text if _TOKEN.match(text) else f'"{_plain(text)}"'


def _plain(text: str) -> str:
    return re.sub(r"[^ !#-\[\]-~]", "?", text)[:200]

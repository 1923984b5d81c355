"""Address cards as text, read leniently and written strictly.

RFC 6350 (vCard 4.0) and RFC 2426 (3.0); 2.1 as old telephones write it. Properties that have
no field here are kept as lines, so that an export loses nothing. Reading never raises.
"""

import base64
import binascii
import quopri
import re
from dataclasses import dataclass, replace
from typing import Any

MAX_CARDS = 20_000
MAX_PHOTO = 400_000
MAX_LINE = 100_000
"""Characters of a property that has no field here; a longer one would be broken if it were cut."""
_LINE = re.compile(r"^(?:[A-Za-z0-9-]+\.)?([A-Za-z0-9-]+)((?:;[^:\"]*(?:\"[^\"]*\"[^:\"]*)*)*):(.*)$", re.DOTALL)
_PARAMETER = re.compile(r";([A-Za-z0-9-]+)(?:=((?:\"[^\"]*\"|[^;\"])*))?")
_DATA = re.compile(r"data:(image/[a-z]+);base64,(.*)\Z", re.I | re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_OURS = frozenset(
    ("BEGIN", "END", "VERSION", "PRODID", "FN", "N", "EMAIL", "TEL", "ORG", "TITLE", "ADR", "BDAY", "URL", "NOTE", "PHOTO", "UID", "REV")
)
_SIGNATURES = ((b"\x89PNG", "image/png"), (b"\xff\xd8", "image/jpeg"), (b"GIF8", "image/gif"), (b"RIFF", "image/webp"))


@dataclass(frozen=True, slots=True)
class Card:
    name: str = ""
    given: str = ""
    family: str = ""
    emails: tuple[tuple[str, str], ...] = ()
    """Pairs of kind ("home", "work", "") and address."""
    phones: tuple[tuple[str, str], ...] = ()
    organisation: str = ""
    title: str = ""
    postal: str = ""
    birthday: str = ""
    url: str = ""
    note: str = ""
    photo: bytes = b""
    photo_type: str = ""
    uid: str = ""
    others: tuple[str, ...] = ()
    """Unfolded lines of other properties."""


def read_cards(text: str) -> list[Card]:
    cards: list[Card] = []
    lines: list[str] | None = None
    for line in _unfold(text):
        upper = line.strip().upper()
        if upper == "BEGIN:VCARD":
            lines = []
        elif upper == "END:VCARD" and lines is not None:
            cards.append(_read(lines))
            lines = None
            if len(cards) >= MAX_CARDS:
                break
        elif lines is not None:
            lines.append(line)
    return cards


def write_cards(cards: list[Card], *, version: str = "4.0") -> str:
    return "".join(_write(card, version) for card in cards)


def picture_type(data: bytes) -> str:
    """What a picture is by its first bytes; "" for what is none we show."""
    return next((kind for mark, kind in _SIGNATURES if data.startswith(mark)), "")


def _unfold(text: str) -> list[str]:
    """RFC 6350 §3.2; quoted-printable lines of 2.1 go on after a "=" at the end."""
    found: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff").split("\n"):
        if line[:1] in (" ", "\t") and found:
            found[-1] += line[1:]
        elif found and found[-1].endswith("=") and "QUOTED-PRINTABLE" in found[-1].partition(":")[0].upper():
            found[-1] = found[-1][:-1] + line
        else:
            found.append(line)
    return found


def _read(lines: list[str]) -> Card:
    card = Card()
    for line in lines:
        match = _LINE.match(line)
        if match is None:
            continue
        name, parameters, value = match[1].upper(), _parameters(match[2]), match[3]
        if "QUOTED-PRINTABLE" in parameters.get("ENCODING", "").upper():
            value = quopri.decodestring(value.encode("utf-8", "replace")).decode("utf-8", "replace").replace("\r\n", "\n")
        if name == "PHOTO":
            card = _with_photo(card, value)
        elif name in _OURS:
            card = _with(card, name, _kind(parameters), value)
        else:
            card = replace(card, others=(*card.others, line) if len(line) <= MAX_LINE else card.others)
    name = card.name or " ".join(filter(None, (card.given, card.family))) or card.organisation
    return replace(card, name=name or (card.emails[0][1] if card.emails else ""))


def _with(card: Card, name: str, kind: str, value: str) -> Card:
    text = _plain(value)
    if name == "FN":
        return replace(card, name=text[:200])
    if name == "N":
        parts = [_plain(part) for part in _split(value)] + ["", ""]
        return replace(card, family=parts[0][:100], given=parts[1][:100])
    if name == "EMAIL" and text:
        return replace(card, emails=(*card.emails, (kind, text.removeprefix("mailto:")[:320])))
    if name == "TEL" and text:
        return replace(card, phones=(*card.phones, (kind, text.removeprefix("tel:")[:60])))
    if name == "ADR":
        parts = [_plain(part) for part in _split(value)]
        return replace(card, postal=card.postal or "\n".join(part for part in parts if part)[:500])
    if name == "ORG":
        return replace(card, organisation=", ".join(filter(None, (_plain(part) for part in _split(value))))[:200])
    fields = {"TITLE": ("title", 200), "BDAY": ("birthday", 20), "URL": ("url", 500), "NOTE": ("note", 10_000), "UID": ("uid", 255)}
    if name in fields:
        field, limit = fields[name]
        changed: dict[str, Any] = {field: text[:limit]}
        return replace(card, **changed)
    return card


def _with_photo(card: Card, value: str) -> Card:
    found = _DATA.match(value.strip())
    coded = found[2] if found else value
    try:
        data = base64.b64decode("".join(coded.split()), validate=True)
    except (binascii.Error, ValueError):
        return card
    kind = picture_type(data)
    return replace(card, photo=data, photo_type=kind) if kind and len(data) <= MAX_PHOTO else card


def _parameters(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _PARAMETER.finditer(text):
        # 2.1 writes the value alone: ;HOME;QUOTED-PRINTABLE
        name, value = (match[1].upper(), match[2].strip('"')) if match[2] is not None else ("TYPE", match[1])
        if name == "TYPE" and value.upper() == "QUOTED-PRINTABLE":
            name = "ENCODING"
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _kind(parameters: dict[str, str]) -> str:
    types = parameters.get("TYPE", "").lower().split(",")
    return next((kind for kind in ("home", "work", "cell", "fax") if kind in types), "")


def _split(value: str) -> list[str]:
    """At semicolons that are not escaped."""
    return re.split(r"(?<!\\);", value)


def _plain(value: str) -> str:
    text = _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)
    return "".join(char for char in text if char == "\n" or ord(char) >= 32).strip()


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace(",", "\\,").replace(";", "\\;")


def _write(card: Card, version: str) -> str:
    old = version == "3.0"
    lines = ["BEGIN:VCARD", f"VERSION:{version}", f"FN:{_escape(card.name)}", f"N:{_escape(card.family)};{_escape(card.given)};;;"]
    lines += [f"UID:{_escape(card.uid)}"] if card.uid else []
    lines += [f"EMAIL{f';TYPE={kind}' if kind else ''}:{_escape(address)}" for kind, address in card.emails]
    lines += [f"TEL{f';TYPE={kind}' if kind else ''}:{_escape(number)}" for kind, number in card.phones]
    for name, value in (("ORG", card.organisation), ("TITLE", card.title), ("BDAY", card.birthday), ("URL", card.url), ("NOTE", card.note)):
        lines += [f"{name}:{_escape(value) if name != 'URL' else value}"] if value else []
    lines += [f"ADR:;;{_escape(card.postal)};;;;"] if card.postal else []
    if card.photo:
        coded = base64.b64encode(card.photo).decode("ascii")
        kind = card.photo_type.partition("/")[2].upper()
        lines.append(f"PHOTO;ENCODING=b;TYPE={kind}:{coded}" if old else f"PHOTO:data:{card.photo_type};base64,{coded}")
    lines += [line for line in card.others if "\n" not in line and "\r" not in line]
    return "".join(_fold(line) for line in [*lines, "END:VCARD"])


def _fold(line: str) -> str:
    """RFC 6350 §3.2: at most 75 octets a line, never within a character."""
    pieces: list[str] = []
    piece, size = "", 0
    for char in line:
        width = len(char.encode("utf-8", "replace"))
        if size + width > 75 - bool(pieces):
            pieces.append(piece)
            piece, size = "", 0
        piece += char
        size += width
    return "\r\n ".join([*pieces, piece]) + "\r\n"

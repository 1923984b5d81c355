"""People from a CSV file: read whatever a spreadsheet wrote, say what would happen to each line, then do it.

A line is `address, name, quota, password`, with or without a heading that names and orders the
columns. One bad line holds up no other; one that is there already is not an error.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mailcore.directory import access, mailboxes
from mailcore.directory.access import Actor
from mailcore.directory.faults import AlreadyExists, BadField
from mailcore.directory.models import Mailbox
from mailcore.kernel.errors import MailError

MAX_LINES = 10_000
MAX_BYTES = 4_000_000
COLUMNS = ("address", "name", "quota", "password")
_NAMES = {
    "address": "address", "email": "address", "e-mail": "address", "mail": "address", "adresse": "address",
    "name": "name", "shown_name": "name", "full name": "name", "nom": "name",
    "quota": "quota", "space": "quota", "password": "password", "password_hash": "password",
}  # fmt: skip
_SIZE = re.compile(r"(\d+(?:[.,]\d+)?)\s*([kmgt]?)b?", re.IGNORECASE)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    address: str
    outcome: str
    """made, there or failed"""
    text: str = ""


@dataclass(slots=True)
class Report:
    lines: list[Line] = field(default_factory=list)

    def count(self, outcome: str) -> int:
        return sum(line.outcome == outcome for line in self.lines)

    @property
    def made(self) -> int:
        return self.count("made")

    @property
    def there(self) -> int:
        return self.count("there")

    @property
    def failed(self) -> int:
        return self.count("failed")


def load(actor: Actor, *, data: bytes, is_dry: bool) -> Report:
    """Make what the file names, or with `is_dry` say what would be made. BadField where it is no CSV at all."""
    report, seen = Report(), set[str]()
    for number, row in _read(data):
        address = row.get("address", "").strip()
        try:
            parsed = mailboxes.parse(address)
            if parsed.folded in seen:
                raise BadField("address", "This address stands in the file twice; the first line counts.")
            seen.add(parsed.folded)
            report.lines.append(_do(actor, number, row, str(parsed), is_dry=is_dry))
        except MailError as error:
            report.lines.append(Line(number, address[:330], "failed", error.public))
    return report


def _do(actor: Actor, number: int, row: dict[str, str], address: str, *, is_dry: bool) -> Line:
    parsed = mailboxes.parse(address)
    access.require_domain(actor, name=parsed.domain)
    if Mailbox.objects.filter(address__domain__name=parsed.domain, address__local=parsed.folded_local).exists():
        return Line(number, address, "there", "It is there already and was not changed.")
    secret = row.get("password", "").strip()
    is_hash = secret.startswith(("$argon2id$", "{ARGON2ID}"))
    quota = _read_quota(row.get("quota", ""))
    name = _unguard(row.get("name", "").strip())
    if is_dry:
        mailboxes.check_new(address=address, password=None if is_hash or not secret else secret, quota_bytes=quota)
        return Line(number, address, "made", "" if secret else "Without a password: nobody can sign in until one is set.")
    try:
        new = mailboxes.prepare(
            address=address,
            password=secret if secret and not is_hash else None,
            password_hash=secret if is_hash else "",
            quota_bytes=quota,
            shown_name=name,
        )
        mailboxes.add(new)
    except AlreadyExists as error:
        return Line(number, address, "failed", error.public)
    return Line(number, address, "made", "" if secret else "Without a password: nobody can sign in until one is set.")


def _read(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    if len(data) > MAX_BYTES:
        raise BadField("file", f"The file is larger than {MAX_BYTES // 1_000_000} MB. Part it.")
    text = decode(data)
    if "\0" in text or not text.strip():
        raise BadField("file", "This is no CSV file, or it is empty.")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=find_separator(text), strict=True))
    except csv.Error as error:
        raise BadField("file", f"This cannot be read as CSV: {error}.") from error
    rows = [[cell.strip() for cell in row] for row in rows]
    columns: tuple[str, ...] = COLUMNS
    start = 0
    if rows and "@" not in "".join(rows[0]):
        start, columns = 1, tuple(_NAMES.get(cell.lower(), "") for cell in rows[0])
        if "address" not in columns:
            raise BadField("file", "The first line names no column `address`.")
    if len(rows) - start > MAX_LINES:
        raise BadField("file", f"The file has more than {MAX_LINES} lines. Part it.")
    for number, row in enumerate(rows[start:], start + 1):
        if any(row):
            yield number, dict(zip(columns, row, strict=False))


def decode(data: bytes) -> str:
    """UTF-8, UTF-16 with its mark, or what Western spreadsheets write otherwise."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def find_separator(text: str) -> str:
    """What stands most often in the first line outside quotes: comma, semicolon or tab."""
    first = re.sub(r'"[^"]*"', "", text.lstrip().partition("\n")[0])
    return max((",", ";", "\t"), key=first.count)


def write(rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    """Lines of a CSV file; a cell that a spreadsheet would take for a formula is guarded by an apostrophe."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow([guard(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def guard(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _unguard(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _FORMULA else cell


def _read_quota(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    found = _SIZE.fullmatch(text)
    if found is None:
        raise BadField("quota", f"{text} is not a size. Write it like 500M or 2G; 0 is no limit.")
    return int(float(found[1].replace(",", ".")) * _UNITS[found[2].lower()])

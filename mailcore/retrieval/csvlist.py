"""Many accounts to bring at once, from a CSV file: `address, login, password`, and what differs from line to line.

A heading names the columns; without one they are address, login, password. A line that cannot be
is named with its number and holds up no other.
"""

import csv
import io
from dataclasses import dataclass, replace

from mailcore.directory import mailboxes
from mailcore.directory.faults import BadField
from mailcore.kernel.errors import MailError

from . import transfers
from .transfers import Wanted

MAX_LINES = 5_000
MAX_BYTES = 2_000_000
COLUMNS = ("address", "login", "password", "login_as", "host", "port", "security")
_DEFAULT = ("address", "login", "password")


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    address: str
    wanted: Wanted | None
    fault: str = ""


def read(data: bytes, *, base: Wanted) -> list[Line]:
    """Each line over `base`; an empty login is the address, an empty password is that of `base`. BadField where it is no CSV."""
    if len(data) > MAX_BYTES:
        raise BadField("file", f"The file is larger than {MAX_BYTES // 1_000_000} MB. Part it.")
    text = data.decode("utf-8-sig", "replace")
    if "\0" in text or not text.strip():
        raise BadField("file", "This is no CSV file, or it is empty.")
    first = text.lstrip().partition("\n")[0]
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True))
    except csv.Error as error:
        raise BadField("file", f"This cannot be read as CSV: {error}.") from error
    columns, start = _find_columns(rows)
    if len(rows) - start > MAX_LINES:
        raise BadField("file", f"The file has more than {MAX_LINES} lines. Part it.")
    seen: set[str] = set()
    found = []
    for number, row in enumerate(rows[start:], start + 1):
        values = {name: cell.strip() for name, cell in zip(columns, row, strict=False) if name}
        if any(values.values()):
            found.append(_read_line(number, values, base, seen))
    return found


def _find_columns(rows: list[list[str]]) -> tuple[tuple[str, ...], int]:
    heading = [cell.strip().lower() for cell in rows[0]]
    if any("@" in cell for cell in heading):
        return _DEFAULT, 0
    if "address" not in heading:
        raise BadField("file", "The first line names no column `address`.")
    return tuple(cell if cell in COLUMNS else "" for cell in heading), 1


def _read_line(number: int, values: dict[str, str], base: Wanted, seen: set[str]) -> Line:
    address = values.get("address", "")[:330]
    try:
        if address.casefold() in seen:
            raise BadField("address", "This address stands in the file twice; the first line counts.")
        seen.add(address.casefold())
        mailboxes.get(address=address)
        port = values.get("port", "")
        if port and not (port.isascii() and port.isdecimal()):
            raise BadField("port", "A port is a number from 1 to 65535.")
        wanted = transfers.check(
            replace(
                base,
                address=address,
                login=values.get("login") or base.login or address,
                secret=values.get("password") or base.secret,
                login_as=values.get("login_as") or (address if base.login_as == "*" else base.login_as),
                host=values.get("host") or base.host,
                port=int(port) if port else base.port,
                security=values.get("security") or base.security,
            )
        )
        return Line(number, address, wanted)
    except MailError as error:
        return Line(number, address, None, error.public)

"""The parameters after a path in MAIL and RCPT.

RFC 1870 (SIZE), RFC 6152 (BODY), RFC 6531 (SMTPUTF8), RFC 3461 (RET, ENVID, NOTIFY,
ORCPT), RFC 4954 §5 (AUTH=), RFC 8689 (REQUIRETLS), RFC 4865 (HOLDFOR,
HOLDUNTIL), RFC 2852 (BY). Each is named once; an unknown one is 555 (RFC 5321 §4.1.1.11).
"""

import re
from datetime import UTC, datetime

from .faults import CommandFault
from .xtext import is_xtext

MAX_ENVID = 100
MAX_ORCPT = 500
_SIZE = re.compile(r"[0-9]{1,20}\Z")
_TYPED = re.compile(r"[A-Za-z0-9-]{1,64};(.+)\Z")
_UNICODE_ADDRESS = re.compile(r"[!-*,-<>-~\u0080-\U0010ffff]+\Z")
_HOLD_FOR = re.compile(r"[1-9][0-9]{0,8}\Z")
_DATE_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})\Z", re.IGNORECASE)
_BY = re.compile(r"([+-]?[0-9]{1,9});([NR])(T?)\Z", re.IGNORECASE)
_NOTIFY = frozenset({"SUCCESS", "FAILURE", "DELAY"})


def split_parameters(rest: str, *, known: frozenset[str]) -> dict[str, str | None]:
    """Upper-case names to values as written; None where there is no `=`."""
    if rest and not rest.startswith(" "):
        raise CommandFault("Nothing may follow the address but a space and parameters")
    found: dict[str, str | None] = {}
    for word in rest.split():
        name, equals, value = word.partition("=")
        name = name.upper()
        if name not in known:
            raise CommandFault("That parameter is not known here", code=555)
        if name in found:
            raise CommandFault(f"{name} is given twice")
        found[name] = value if equals else None
    return found


def read_size(value: str | None) -> int:
    if value is None or not _SIZE.match(value):
        raise CommandFault("SIZE takes a number of octets")
    return int(value)


def read_body(value: str | None) -> bool:
    """True for 8BITMIME."""
    word = (value or "").upper()
    if word not in ("7BIT", "8BITMIME"):
        raise CommandFault("BODY takes 7BIT or 8BITMIME")
    return word == "8BITMIME"


def read_flag(value: str | None, *, name: str = "SMTPUTF8") -> bool:
    if value is not None:
        raise CommandFault(f"{name} takes no value")
    return True


def read_ret(value: str | None) -> str:
    word = (value or "").upper()
    if word not in ("FULL", "HDRS"):
        raise CommandFault("RET takes FULL or HDRS")
    return word


def read_envid(value: str | None) -> str:
    """Stays xtext."""
    if not value or len(value) > MAX_ENVID or not is_xtext(value):
        raise CommandFault("ENVID takes xtext of at most 100 characters")
    return value


def check_auth(value: str | None) -> None:
    """Looked at and not used: trust in another's claim would need an agreement with that server."""
    if not value or (value != "<>" and not is_xtext(value)):
        raise CommandFault("AUTH takes an address in xtext, or <>")


def read_notify(value: str | None) -> str:
    words = (value or "").upper().split(",")
    if words == ["NEVER"]:
        return "NEVER"
    if not _NOTIFY.issuperset(words) or len(set(words)) != len(words):
        raise CommandFault("NOTIFY takes NEVER, or a list of SUCCESS, FAILURE and DELAY")
    return ",".join(words)


def read_orcpt(value: str | None) -> str:
    """Stays xtext; an unencoded UTF-8 address is let through for type utf-8 (RFC 6533 §3)."""
    match = _TYPED.match(value or "")
    if value is None or match is None or len(value) > MAX_ORCPT:
        raise CommandFault("ORCPT takes type;address in xtext")
    unicode_allowed = value.lower().startswith("utf-8;")
    if not (is_xtext(match[1]) or (unicode_allowed and _UNICODE_ADDRESS.match(match[1]))):
        raise CommandFault("ORCPT takes type;address in xtext")
    return value


def read_hold_for(value: str | None) -> int:
    """Seconds (RFC 4865 §3)."""
    if value is None or not _HOLD_FOR.match(value):
        raise CommandFault("HOLDFOR takes a number of seconds")
    return int(value)


def read_hold_until(value: str | None) -> int:
    """Seconds since the epoch, of a date and time as in RFC 3339 §5.6; the part of a second is dropped."""
    match = _DATE_TIME.match(value or "")
    if value is None or match is None:
        raise CommandFault("HOLDUNTIL takes a date and time, such as 2030-01-31T08:00:00Z")
    whole = value.upper().replace(match[1] or "", "", 1)
    try:
        return int(datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC).timestamp())
    except (ValueError, OverflowError) as error:
        raise CommandFault("HOLDUNTIL names a time there is not") from error


def read_by(value: str | None) -> tuple[int, str, bool]:
    """(seconds, N or R, whether each step is to be told) of RFC 2852 §4."""
    match = _BY.match(value or "")
    if match is None:
        raise CommandFault("BY takes seconds;N or seconds;R, and perhaps a T")
    seconds, mode = int(match[1]), match[2].upper()
    if mode == "R" and seconds <= 0:
        raise CommandFault("BY with R takes a time that is still to come")
    return seconds, mode, bool(match[3])

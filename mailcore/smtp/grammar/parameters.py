"""The parameters after a path in MAIL and RCPT.

RFC 1870 (SIZE), RFC 6152 (BODY), RFC 6531 (SMTPUTF8), RFC 3461 (RET, ENVID, NOTIFY,
ORCPT), RFC 4954 §5 (AUTH=), RFC 8689 (REQUIRETLS). Each is named once; an unknown one is 555 (RFC 5321 §4.1.1.11).
"""

import re

from .faults import CommandFault
from .xtext import is_xtext

MAX_ENVID = 100
MAX_ORCPT = 500
_SIZE = re.compile(r"[0-9]{1,20}\Z")
_TYPED = re.compile(r"[A-Za-z0-9-]{1,64};(.+)\Z")
_UNICODE_ADDRESS = re.compile(r"[!-*,-<>-~\u0080-\U0010ffff]+\Z")
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

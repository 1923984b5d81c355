"""One command line to a frozen value (RFC 5321 §4.1.1).

`split` finds the verb; each verb has one parser of its argument. A parser raises
CommandFault and knows nothing of the session.
"""

import re
from dataclasses import dataclass, field

from . import parameters, paths
from .faults import CommandFault

MAX_NAME = 255
_CHUNK = re.compile(r"([0-9]{1,20})( +LAST)?\Z", re.IGNORECASE)
_MECHANISM = re.compile(r"([A-Za-z0-9_-]{1,20})(?: +(\S+))?\Z")
_MAIL_PARAMETERS = frozenset({"SIZE", "BODY", "SMTPUTF8", "RET", "ENVID", "AUTH", "REQUIRETLS", "HOLDFOR", "HOLDUNTIL", "BY"})
_RCPT_PARAMETERS = frozenset({"NOTIFY", "ORCPT"})


@dataclass(frozen=True, slots=True)
class Hello:
    name: str


@dataclass(frozen=True, slots=True)
class Mail:
    address: str
    size: int = 0
    eight_bit: bool = False
    smtputf8: bool = False
    ret: str = ""
    envid: str = ""
    requiretls: bool = False
    hold_for: int = 0
    """Seconds."""
    hold_until: int | None = None
    """Seconds since the epoch."""
    by: tuple[int, str, bool] | None = None
    """(seconds, N or R, whether each step is to be told)"""

    @property
    def is_held(self) -> bool:
        return bool(self.hold_for) or self.hold_until is not None


@dataclass(frozen=True, slots=True)
class Rcpt:
    address: str
    notify: str = ""
    orcpt: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    size: int
    last: bool


@dataclass(frozen=True, slots=True)
class Auth:
    mechanism: str
    initial: str | None = field(repr=False)
    """Base64 as sent, "=" for empty, None where there is none."""


@dataclass(frozen=True, slots=True)
class Text:
    text: str


Command = Hello | Mail | Rcpt | Chunk | Auth | Text


def split(line: bytes) -> tuple[str, str]:
    """(verb in capitals, argument); raises CommandFault where the line is not text."""
    try:
        text = line.decode("ascii") if line.isascii() else line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CommandFault("A command is ASCII or UTF-8", code=500, enhanced="5.5.2") from error
    verb, _, argument = text.partition(" ")
    return verb.upper(), argument.strip(" \t")


def parse_hello(argument: str) -> Hello:
    if not argument or len(argument) > MAX_NAME or not argument.isprintable() or " " in argument:
        raise CommandFault("Say who you are: a host name or an address literal")
    return Hello(argument)


def parse_mail(argument: str) -> Mail:
    address, rest = paths.take_sender(_after(argument, "FROM:"))
    found = parameters.split_parameters(rest, known=_MAIL_PARAMETERS)
    if not found:
        mail = Mail(address)
    else:
        if "AUTH" in found:
            parameters.check_auth(found["AUTH"])
        if "HOLDFOR" in found and "HOLDUNTIL" in found:
            raise CommandFault("HOLDFOR and HOLDUNTIL do not go together")
        mail = Mail(
            address,
            size=parameters.read_size(found["SIZE"]) if "SIZE" in found else 0,
            eight_bit=parameters.read_body(found["BODY"]) if "BODY" in found else False,
            smtputf8=parameters.read_flag(found["SMTPUTF8"]) if "SMTPUTF8" in found else False,
            ret=parameters.read_ret(found["RET"]) if "RET" in found else "",
            envid=parameters.read_envid(found["ENVID"]) if "ENVID" in found else "",
            requiretls=parameters.read_flag(found["REQUIRETLS"], name="REQUIRETLS") if "REQUIRETLS" in found else False,
            hold_for=parameters.read_hold_for(found["HOLDFOR"]) if "HOLDFOR" in found else 0,
            hold_until=parameters.read_hold_until(found["HOLDUNTIL"]) if "HOLDUNTIL" in found else None,
            by=parameters.read_by(found["BY"]) if "BY" in found else None,
        )
    if not mail.smtputf8 and not address.isascii():
        raise CommandFault("This address needs SMTPUTF8", code=553, enhanced="5.6.7")
    return mail


def parse_rcpt(argument: str) -> Rcpt:
    address, rest = paths.take_recipient(_after(argument, "TO:"))
    found = parameters.split_parameters(rest, known=_RCPT_PARAMETERS)
    return Rcpt(
        address,
        notify=parameters.read_notify(found["NOTIFY"]) if "NOTIFY" in found else "",
        orcpt=parameters.read_orcpt(found["ORCPT"]) if "ORCPT" in found else "",
    )


def parse_chunk(argument: str) -> Chunk:
    """RFC 3030 §2."""
    match = _CHUNK.match(argument)
    if match is None:
        raise CommandFault("BDAT takes a number of octets, and perhaps LAST")
    return Chunk(int(match[1]), match[2] is not None)


def parse_auth(argument: str) -> Auth:
    match = _MECHANISM.match(argument)
    if match is None:
        raise CommandFault("AUTH takes a mechanism, and perhaps an initial response")
    return Auth(match[1].upper(), match[2])


def parse_nothing(argument: str) -> Text:
    if argument:
        raise CommandFault("This command takes no argument")
    return Text("")


def parse_text(argument: str) -> Text:
    return Text(argument)


def parse_name(argument: str) -> Text:
    if not argument:
        raise CommandFault("This command takes a name")
    return Text(argument)


def _after(argument: str, keyword: str) -> str:
    # A space after the colon is wrong and common; RFC 5321 §3.3 lets a receiver bear it.
    if argument[: len(keyword)].upper() != keyword:
        raise CommandFault(f"The form is {keyword}<address>")
    return argument[len(keyword) :].lstrip(" ")

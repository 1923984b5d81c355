"""Who is acting now. Each face says so once a request; the core reads it where it records."""

import getpass
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from enum import StrEnum


class Via(StrEnum):
    PANEL = "panel"
    API = "api"
    WEBMAIL = "webmail"
    COMMAND = "command"
    MANAGESIEVE = "sieve"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Acting:
    name: str
    via: Via
    user_id: int | None = None
    peer: str = ""
    request_id: str = ""


SYSTEM = Acting("Facteur", Via.SYSTEM)
_now: ContextVar[Acting] = ContextVar("acting", default=SYSTEM)


def current() -> Acting:
    return _now.get()


@contextmanager
def acting_as(who: Acting) -> Iterator[Acting]:
    token = _now.set(who)
    try:
        yield who
    finally:
        _now.reset(token)


def identify(*, name: str, user_id: int | None) -> None:
    """Say who it is, once that is proved, inside the `acting_as` of a request."""
    _now.set(replace(_now.get(), name=name, user_id=user_id))


def on_the_machine() -> Acting:
    """Whoever runs a command."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return Acting(name, Via.COMMAND, request_id=new_request_id())


def new_request_id() -> str:
    return secrets.token_hex(8)

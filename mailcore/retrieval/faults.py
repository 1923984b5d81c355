"""What goes wrong at other servers, by meaning, so that pages can say it in plain words."""

import imaplib
import poplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from imapclient.exceptions import CapabilityError, IMAPClientError, LoginError

from mailcore.kernel.errors import Deferred


class Kind(StrEnum):
    LOGIN = "login"
    """The name or the password is wrong."""
    BUSY = "busy"
    """The server says: not now."""
    CERTIFICATE = "certificate"
    SECURITY = "security"
    """No TLS where TLS is asked for."""
    UNREACHABLE = "unreachable"
    FORBIDDEN = "forbidden"
    """An address this server does not collect from."""
    SLOW = "slow"
    BROKEN = "broken"
    """It broke off, or speaks what cannot be understood."""
    TOO_MUCH = "too_much"
    """It sends more than was asked for."""
    NO_FOLDER = "no_folder"
    FULL = "full"
    """There is no room in the mailbox here."""
    HERE = "here"
    """Something is amiss on this side."""


class SourceFault(Deferred):
    def __init__(self, kind: Kind, public: str, detail: str = "") -> None:
        super().__init__(public, detail)
        self.kind = kind


class LeaseLost(Exception):
    """Somebody else does this now; nothing of what this run had in hand was kept."""


_NOT_NOW = ("[IN-USE]", "[SYS/TEMP]", "[LOGIN-DELAY]", "[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "TEMPORAR", "TRY AGAIN")
"""RFC 2449 §8.1, RFC 3206, RFC 5530: a refused login that says nothing about the password."""


@contextmanager
def plainly(host: str, *, at_login: bool = False) -> Iterator[None]:
    """Errors of sockets and libraries become a SourceFault."""
    try:
        yield
    except SourceFault:
        raise
    except (LoginError, IMAPClientError, imaplib.IMAP4.error, poplib.error_proto) as error:
        raise _refusal(host, error, at_login=at_login) from error
    except ssl.SSLCertVerificationError as error:
        raise SourceFault(Kind.CERTIFICATE, f"The certificate of {host} is not trusted: {error.verify_message}.") from error
    except ssl.SSLError as error:
        raise SourceFault(Kind.SECURITY, f"No secure connection to {host}: {error.reason or error}.") from error
    except TimeoutError as error:
        raise SourceFault(Kind.SLOW, f"{host} did not answer in time.") from error
    except OSError as error:
        raise SourceFault(Kind.UNREACHABLE, f"{host} cannot be reached: {error.strerror or error}.") from error
    except (ValueError, LookupError, TypeError, AssertionError) as error:
        # What the libraries raise over answers that are no protocol at all.
        raise SourceFault(Kind.BROKEN, f"{host} sent what cannot be understood.", repr(error)[:300]) from error


def clean(error: object) -> str:
    """What a server said, on one line, without what could hurt a terminal or a page."""
    text = str(error).strip()
    if text.startswith(("b'", 'b"')):
        text = text[2:-1]
    return "".join(char if char.isprintable() else " " for char in text)[:200]


def _refusal(host: str, error: Exception, *, at_login: bool) -> SourceFault:
    said = clean(error)
    if isinstance(error, CapabilityError):
        return SourceFault(Kind.SECURITY, f"{host} does not offer what is asked for: {said}")
    if isinstance(error, imaplib.IMAP4.abort) or "EOF" in said:
        return SourceFault(Kind.BROKEN, f"{host} broke off.", said)
    if at_login and any(word in said.upper() for word in _NOT_NOW):
        return SourceFault(Kind.BUSY, f"{host} says: {said}")
    if at_login:
        return SourceFault(Kind.LOGIN, f"{host} refused the login: {said}")
    return SourceFault(Kind.BROKEN, f"{host} says: {said}")

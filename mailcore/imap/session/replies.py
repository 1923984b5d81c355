"""Errors by meaning → IMAP status and response code (RFC 5530), in one place."""

import logging
import re
from secrets import token_hex

from mailcore.imap.grammar.cursor import BadCommand
from mailcore.imap.grammar.notify import EVENTS, BadEvent
from mailcore.imap.grammar.search import CHARSETS, BadCharset
from mailcore.kernel import errors

logger = logging.getLogger("mailcore.imap")
_UNPRINTABLE = re.compile(rb"[^\x20-\x7e]+")

CODES: dict[type[Exception], bytes] = {
    errors.BadSyntax: b"CANNOT",
    errors.Denied: b"NOPERM",
    errors.Throttled: b"UNAVAILABLE",
    errors.NotFound: b"NONEXISTENT",
    errors.Conflict: b"ALREADYEXISTS",
    errors.LimitReached: b"LIMIT",
    errors.OverQuota: b"OVERQUOTA",
    errors.Deferred: b"UNAVAILABLE",
    errors.Refused: b"CANNOT",
}
_CHARSET_NAMES = b" ".join(CHARSETS)


class Rejected(Exception):
    """NO with a response code of the command's own choice, b"" for none."""

    def __init__(self, code: bytes, public: str) -> None:
        super().__init__(public)
        self.code = code
        self.public = public


def clean(text: str) -> bytes:
    """Text that may stand in a status line."""
    return _UNPRINTABLE.sub(b" ", text.encode("ascii", "replace"))[:500].strip() or b"Failed"


def answer_error(tag: bytes, error: Exception, codes: dict[type[Exception], bytes]) -> bytes:
    """The tagged line for an error; `codes` goes before CODES. Unknown ones are logged under an incident id."""
    if isinstance(error, BadCommand):
        return b"%b BAD %b%b\r\n" % (tag, error.code, clean(str(error)))
    if isinstance(error, BadEvent):
        return b"%b NO [BADEVENT (%b)] That is not watched here\r\n" % (tag, b" ".join(EVENTS))
    if isinstance(error, BadCharset):
        return b"%b NO [BADCHARSET (%b)] That character set is not known here\r\n" % (tag, _CHARSET_NAMES)
    if isinstance(error, Rejected):
        code = b"[%b] " % error.code if error.code else b""
        return b"%b NO %b%b\r\n" % (tag, code, clean(error.public))
    if isinstance(error, errors.MailError):
        known = [cls for cls in type(error).__mro__ if cls in codes or cls in CODES]
        code = codes.get(known[0]) or CODES[known[0]] if known else b"CANNOT"
        return b"%b NO [%b] %b\r\n" % (tag, code, clean(error.public))
    incident = token_hex(6)
    logger.error("IMAP command failed, incident %s", incident, exc_info=error)
    return b"%b NO [SERVERBUG] Something went wrong here; incident %b\r\n" % (tag, incident.encode("ascii"))

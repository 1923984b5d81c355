"""Errors by meaning to reply codes: the one place where SMTP maps them.

RFC 5321 §4.2.3, RFC 3463, RFC 4954 §6. What is not known here is 451 with an incident
id that the log shows beside the exception; the session lives on.
"""

import logging
import secrets
from enum import Enum, auto

from mailcore.kernel import errors

from ..grammar.faults import CommandFault
from ..grammar.replies import format_reply

logger = logging.getLogger(__name__)


class Stage(Enum):
    CONNECT = auto()
    AUTH = auto()
    SENDER = auto()
    RECIPIENT = auto()
    ACCEPT = auto()
    COMMAND = auto()


Code = tuple[int, str]

# The first class that fits is taken, so a subclass stands before its base.
_TABLE: tuple[tuple[type[errors.MailError], Code, dict[Stage, Code]], ...] = (
    (errors.BadSyntax, (501, "5.5.4"), {Stage.ACCEPT: (554, "5.6.0"), Stage.CONNECT: (554, "5.5.4"), Stage.AUTH: (501, "5.5.2")}),
    (errors.Throttled, (451, "4.7.0"), {Stage.AUTH: (454, "4.7.0"), Stage.CONNECT: (421, "4.7.0")}),
    (errors.Denied, (550, "5.7.1"), {Stage.AUTH: (535, "5.7.8"), Stage.CONNECT: (554, "5.7.1")}),
    (errors.NotFound, (550, "5.1.1"), {Stage.AUTH: (535, "5.7.8"), Stage.CONNECT: (554, "5.7.1"), Stage.SENDER: (550, "5.1.8")}),
    (errors.OverQuota, (452, "4.2.2"), {Stage.AUTH: (454, "4.7.0"), Stage.CONNECT: (421, "4.3.2")}),
    (errors.LimitReached, (452, "4.5.3"), {Stage.AUTH: (454, "4.7.0"), Stage.CONNECT: (421, "4.7.0")}),
    (errors.Deferred, (451, "4.3.0"), {Stage.AUTH: (454, "4.7.0"), Stage.CONNECT: (421, "4.3.2")}),
    (errors.Conflict, (451, "4.3.0"), {Stage.AUTH: (454, "4.7.0"), Stage.CONNECT: (421, "4.3.2")}),
    (errors.Refused, (550, "5.7.1"), {Stage.AUTH: (535, "5.7.8"), Stage.CONNECT: (554, "5.7.1"), Stage.ACCEPT: (554, "5.7.1")}),
)


def find_code(error: Exception, stage: Stage) -> Code | None:
    if isinstance(error, CommandFault):
        return error.code, error.enhanced
    for kind, default, special in _TABLE:
        if isinstance(error, kind):
            return special.get(stage, default)
    return None


def answer_error(error: Exception, stage: Stage) -> tuple[int, bytes]:
    """(code, reply) for a no; logs what it does not know."""
    code = find_code(error, stage)
    if code is not None and isinstance(error, errors.MailError):
        return code[0], format_reply(*code, error.public)
    incident = secrets.token_hex(4)
    logger.error("incident %s at %s", incident, stage.name, exc_info=error)
    number = {Stage.CONNECT: 421, Stage.AUTH: 454}.get(stage, 451)
    return number, format_reply(number, "4.3.0", f"Something failed here, please try again later (incident {incident})")

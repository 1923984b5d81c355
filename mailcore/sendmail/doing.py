"""What `sendmail` does once its words are understood."""

import logging
from typing import BinaryIO, TextIO

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError

from mailcore import bell
from mailcore.delivery import handing
from mailcore.delivery.handing import Bundle, Undeliverable
from mailcore.delivery.rehearsing import rehearse
from mailcore.kernel.errors import BadSyntax, Deferred, Denied, LimitReached, MailError, NotFound, OverQuota, Throttled

from . import letter
from .arguments import Mode, Wanted
from .codes import EX_DATAERR, EX_NOPERM, EX_NOUSER, EX_OK, EX_SOFTWARE, EX_TEMPFAIL, EX_UNAVAILABLE, EX_USAGE

log = logging.getLogger(__name__)

_CODES: tuple[tuple[type[MailError], int], ...] = (
    (Throttled, EX_TEMPFAIL),
    (OverQuota, EX_TEMPFAIL),
    (Deferred, EX_TEMPFAIL),
    (BadSyntax, EX_DATAERR),
    (LimitReached, EX_DATAERR),
    (NotFound, EX_NOUSER),
    (Denied, EX_NOPERM),
)
"""The first that fits; what is not here is EX_UNAVAILABLE."""


def do(wanted: Wanted, *, caller: str, source: BinaryIO, out: TextIO, errors: TextIO) -> int:
    try:
        match wanted.mode:
            case Mode.SEND:
                return _send(wanted, caller, source, errors)
            case Mode.VERIFY:
                return _verify(wanted, out)
            case Mode.LIST:
                call_command("queue", "list", stdout=out, stderr=errors)
            case Mode.FLUSH:
                bell.ring()
            case Mode.REBUILD:
                pass  # aliases are rows: nothing has to be built
    except MailError as error:
        print(f"sendmail: {error.public}", file=errors)
        return _code(error)
    except (DatabaseError, OSError) as error:
        log.exception("sendmail could not do its work")
        print(f"sendmail: the mail system cannot be reached: {error}", file=errors)
        return EX_TEMPFAIL
    except Exception:
        log.exception("sendmail failed")
        print("sendmail: an error inside; see the log", file=errors)
        return EX_SOFTWARE
    return EX_OK


def _send(wanted: Wanted, caller: str, source: BinaryIO, errors: TextIO) -> int:
    sender = handing.complete(caller if wanted.sender is None else wanted.sender)
    limit = settings.FACTEUR.max_message_bytes
    data = source.read(limit + 1)
    if len(data) > limit:
        raise LimitReached(f"The message is larger than this server takes ({limit} bytes).")
    found = letter.read(data, reads_header=wanted.reads_header, ignores_dots=wanted.ignores_dots, sender=sender, full_name=wanted.full_name)
    recipients = tuple(dict.fromkeys(handing.complete(one.strip("<> ")) for one in (*wanted.recipients, *found.recipients)))
    if not recipients:
        print("sendmail: no recipient was named", file=errors)
        return EX_USAGE
    try:
        handing.hand_in(Bundle(sender, recipients, found.raw, caller, wanted.notify, wanted.ret, wanted.envid))
    except Undeliverable as failure:
        for address, fault in failure.faults:
            print(f"sendmail: {address}: {fault.public}", file=errors)
        return _code(failure.faults[0][1])
    return EX_OK


def _verify(wanted: Wanted, out: TextIO) -> int:
    if not wanted.recipients:
        return EX_USAGE
    refused = 0
    for one in wanted.recipients:
        address = handing.complete(one)
        found = rehearse(sender=f"postmaster@{handing.find_own_domain()}", recipient=address)
        refused += found.verdict != "accepted"
        out.write(f"{address}: {found.steps[-1].text}\n")
    return EX_NOUSER if refused else EX_OK


def _code(error: MailError) -> int:
    return next((code for kind, code in _CODES if isinstance(error, kind)), EX_UNAVAILABLE)

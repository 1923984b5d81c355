"""The policy chain as listeners ask it: stage by stage, in a thread, outside any transaction, within bounded time.

A no is raised (Denied: refused; Deferred: not now). A number is how many seconds the answer is to be kept back. A defect of a
rule costs nobody their mail: it is logged, said in the journey, and the message goes on.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailcore.directory import addresses
from mailcore.directory.addresses import Kind
from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import Denied, MailError

from ..spam import sample
from . import chain
from .verdicts import Act, Sum, Verdict, add_up, as_error
from .visit import Addressee, Letter, Visit

log = logging.getLogger(__name__)

MAX_TARPIT = 30.0
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Share:
    """Recipients for whom the same is to be done with a message."""

    recipients: tuple[str, ...]
    total: Sum


def connect(visit: Visit) -> float:
    visit.of_session = chain.ask(chain.CONNECT, visit)
    return _answer(visit, visit.of_session)


def begin(visit: Visit, *, helo: str, sender: str) -> float:
    """HELO, once for each that was said, and MAIL."""
    visit.begin(sender)
    if helo != visit.greeted_as:
        visit.helo = visit.greeted_as = helo
        visit.of_session = [one for one in visit.of_session if one.rule != "greeting"]
        if not _is_accepted(visit.of_session):
            visit.of_session += chain.ask(chain.HELO, visit)
    if _is_accepted(visit.of_session):
        return 0.0
    visit.of_message = chain.ask(chain.MAIL, visit)
    return _answer(visit, visit.of_message)


def take_recipient(visit: Visit, *, address: str) -> float:
    """RCPT, after it is known that the address exists here."""
    if _is_accepted(visit.of_session):
        return 0.0
    addressee = visit.addressees[address] = find_addressee(address)
    said = visit.of_recipients[address] = chain.ask(chain.RCPT, visit, addressee)
    return _answer(visit, said)


def judge(visit: Visit, *, raw: bytes, on_top: Sequence[str], recipients: Sequence[str]) -> list[Share]:
    """DATA: what is to be done with the message, for whom. `on_top` are trace lines it will be kept with.

    Recipients for whom rules say different things are parted; one who refuses while others do not gets it in Junk.
    """
    if _is_accepted(visit.of_session):
        return [Share(tuple(recipients), add_up(visit.of_session))]
    letter = Letter(raw, sample.read(_with_trace(visit, raw, on_top)), tuple(recipients))
    said = chain.of_message(visit, letter)
    visit.altered = letter.raw if letter.raw is not raw else None
    _answer(visit, said)
    before = [*visit.of_session, *visit.of_message, *said]
    verdicts = {address: chain.of_addressee(visit, letter, _find(visit, address), before) for address in recipients}
    refusals = {address: one for address, listed in verdicts.items() for one in listed if one.act is Act.REFUSE}
    if refusals and len(refusals) == len(verdicts):
        _answer(visit, list(refusals.values()))
    return _share_out(verdicts)


def find_addressee(address: str) -> Addressee:
    """Whose lists and levels hold. An alias for several has its domain's."""
    try:
        ends = addresses.expand(MailAddress.parse(address))
    except MailError:
        return Addressee(address, (SYSTEM,))
    if len(ends) == 1 and ends[0].kind is Kind.MAILBOX and ends[0].mailbox_id is not None:
        mailbox_id = ends[0].mailbox_id
        return Addressee(address, (f"mailbox:{mailbox_id}", f"domain:{ends[0].domain}", SYSTEM), mailbox_id)
    domains = {end.domain for end in ends if end.kind in (Kind.MAILBOX, Kind.LIST)}
    return Addressee(address, (*(f"domain:{domain}" for domain in sorted(domains)[:1] if len(domains) == 1), SYSTEM))


def _share_out(verdicts: dict[str, list[Verdict]]) -> list[Share]:
    groups: dict[tuple[Act, str], list[str]] = {}
    totals = {address: add_up(_softened(listed)) for address, listed in verdicts.items()}
    for address, total in totals.items():
        groups.setdefault((total.act, total.rule), []).append(address)
    return [Share(tuple(group), max((totals[one] for one in group), key=lambda total: total.points)) for group in groups.values()]


def _softened(said: Iterable[Verdict]) -> list[Verdict]:
    return [Verdict(Act.QUARANTINE, one.rule, one.words) if one.act is Act.REFUSE else one for one in said]


def _with_trace(visit: Visit, raw: bytes, on_top: Sequence[str]) -> bytes:
    """As it will lie in the store, as far as the filter cares: so it weighs the same when it is learned from."""
    lines = [*on_top, f"Received: from {visit.helo} ([{visit.peer}])\r\n\tby {visit.hostname}"]
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "replace") + raw


def _find(visit: Visit, address: str) -> Addressee:
    return visit.addressees.get(address) or find_addressee(address)


def _is_accepted(said: Iterable[Verdict]) -> bool:
    return any(one.act is Act.ACCEPT for one in said)


def _answer(visit: Visit, said: Sequence[Verdict]) -> float:
    for verdict in said:
        error = as_error(verdict)
        if error is not None:
            log.info("%s %s (%s) from <%s>: %s", verdict.act, visit.peer, visit.helo, visit.sender, verdict)
            raise error
    return min(sum(one.seconds for one in said), MAX_TARPIT)


__all__ = ["Denied", "Share", "begin", "connect", "find_addressee", "judge", "take_recipient"]

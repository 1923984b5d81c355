"""A milter, with this server as the MTA: the whole dialogue once the message is here, its answers as verdicts.

Version 6 of the protocol: see `milterwire`. Refused recipients are remembered beside the message; what changes the message are
header fields, never the body and never the envelope, which a milter that needs to is told in the negotiation.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mailcore.trust import fields

from ..policy.verdicts import Act, Verdict
from ..policy.visit import Letter, Visit
from . import headers, milterwire
from .headers import Change
from .line import Line, ScannerFailed
from .milterwire import Steps, Terms

RULE = "milter"
MAX_REPLY = 65_536
MAX_CHANGES = 100
SECONDS = 120.0
"""For all of it; each sign of progress gives as much again, up to MAX_PROGRESS times."""
MAX_PROGRESS = 10
_CODE = re.compile(rb"([45])\d\d(?:[ -](?:[245]\.\d{1,3}\.\d{1,3} )?(.*))?", re.DOTALL)


class Over(Exception):
    """It has said its last word."""

    def __init__(self, verdicts: list[Verdict]) -> None:
        super().__init__()
        self.verdicts = verdicts


@dataclass(slots=True)
class _Dialogue:
    line: Line
    terms: Terms
    name: str
    progress: int = 0
    lines: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    held: list[Verdict] = field(default_factory=list)

    def ask(self, packet: bytes, *, unasked: Steps, unanswered: Steps) -> tuple[bytes, bytes]:
        """Send a step and read its answer, `c` where the step is left out or gets none."""
        if self.terms.steps & unasked:
            return b"c", b""
        self.line.send(packet)
        return (b"c", b"") if self.terms.steps & unanswered else self.read()

    def read(self) -> tuple[bytes, bytes]:
        while True:
            length = milterwire.read_length(self.line.read(4))
            if not 1 <= length <= MAX_REPLY + 1:
                raise ScannerFailed(f"its answer has {length} octets")
            data = self.line.read(length)
            if data[:1] != b"p":
                return data[:1], data[1:]
            self.progress += 1
            if self.progress > MAX_PROGRESS:
                raise ScannerFailed("it took too long")
            self.line.prolong(SECONDS)


def scan(address: str, visit: Visit, letter: Letter) -> list[Verdict]:
    with Line(address, seconds=SECONDS) as line:
        line.send(milterwire.negotiate())
        talk = _Dialogue(line, Terms(milterwire.VERSION, milterwire.OFFERED_ACTIONS, Steps(0)), address)
        talk.terms = milterwire.read_terms(*talk.read())
        try:
            _introduce(talk, visit)
            _address(talk, visit, letter)
            _show(talk, letter)
            verdicts = list(_finish(talk, letter))
        except Over as end:
            verdicts = end.verdicts
        line.send(milterwire.pack(b"Q"))
        return verdicts


def _introduce(talk: _Dialogue, visit: Visit) -> None:
    talk.line.send(milterwire.macros(b"C", {"j": visit.hostname, "{daemon_name}": "facteur", "v": "Facteur"}))
    _heed(talk, *talk.ask(milterwire.connect(visit.peer), unasked=Steps.NO_CONNECT, unanswered=Steps.NO_REPLY_CONNECT))
    _heed(talk, *talk.ask(milterwire.helo(visit.helo), unasked=Steps.NO_HELO, unanswered=Steps.NO_REPLY_HELO))


def _address(talk: _Dialogue, visit: Visit, letter: Letter) -> None:
    """MAIL and RCPT. A refused recipient is refused for itself; the rest of the message goes on for the others."""
    local, _, domain = visit.sender.rpartition("@")
    talk.line.send(milterwire.macros(b"M", {"{mail_addr}": visit.sender, "{mail_host}": domain, "{mail_mailer}": "smtp" if local else ""}))
    _heed(talk, *talk.ask(milterwire.mail(visit.sender), unasked=Steps.NO_MAIL, unanswered=Steps.NO_REPLY_MAIL))
    for recipient in letter.recipients:
        talk.line.send(milterwire.macros(b"R", {"{rcpt_addr}": recipient, "{rcpt_host}": recipient.rpartition("@")[2]}))
        said, data = talk.ask(milterwire.rcpt(recipient), unasked=Steps.NO_RCPT, unanswered=Steps.NO_REPLY_RCPT)
        if said in (b"r", b"t", b"y"):
            letter.refused_for[recipient] = _verdict(talk, said, data)
        else:
            _heed(talk, said, data)
    if letter.recipients and len(letter.refused_for) == len(letter.recipients):
        raise Over([letter.refused_for[letter.recipients[0]]])


def _show(talk: _Dialogue, letter: Letter) -> None:
    found, body = fields.split(letter.raw)
    if talk.terms.version > 3:
        _heed(talk, *talk.ask(milterwire.pack(b"T"), unasked=Steps.NO_DATA, unanswered=Steps.NO_REPLY_DATA))
    keeps_space = bool(talk.terms.steps & Steps.LEADING_SPACE)
    for one in found:
        if one.name:
            packet = milterwire.header(one.raw, keeps_space=keeps_space)
            _heed(talk, *talk.ask(packet, unasked=Steps.NO_HEADERS, unanswered=Steps.NO_REPLY_HEADERS))
    _heed(talk, *talk.ask(milterwire.pack(b"N"), unasked=Steps.NO_EOH, unanswered=Steps.NO_REPLY_EOH))
    for start in range(body, len(letter.raw), milterwire.CHUNK):
        packet = milterwire.pack(b"B", letter.raw[start : start + milterwire.CHUNK])
        said, data = talk.ask(packet, unasked=Steps.NO_BODY, unanswered=Steps.NO_REPLY_BODY)
        if said == b"s" and talk.terms.steps & Steps.SKIP:
            break
        _heed(talk, said, data)


def _finish(talk: _Dialogue, letter: Letter) -> Iterator[Verdict]:
    """Changes come before the last word, and hold only where that is not a no."""
    talk.line.send(milterwire.macros(b"E", {"i": "facteur"}))
    talk.line.send(milterwire.pack(b"E"))
    while True:
        said, data = talk.read()
        if said in b"hiq" or said == b"m":
            _note(talk, said, data)
            continue
        if said not in (b"c", b"a"):
            yield _verdict(talk, said, data)
            return
        if talk.changes:
            letter.raw = headers.apply(letter.raw, talk.changes)
        yield _tag(talk, *talk.lines)
        yield from talk.held
        return


def _note(talk: _Dialogue, said: bytes, data: bytes) -> None:
    if len(talk.lines) + len(talk.changes) >= MAX_CHANGES:
        raise ScannerFailed("it wants too many changes")
    if said == b"q":
        reason = " ".join(milterwire.read_words(data)[0].decode("utf-8", "replace").split())[:200]
        talk.held.append(Verdict(Act.HOLD, RULE, f"{talk.name} wants it looked at: {reason}"))
        return
    index = milterwire.read_length(data[:4]) if said in b"mi" else 0
    name, value, *_ = milterwire.read_words(data[4:] if said in b"mi" else data)
    if said == b"m":
        talk.changes.append(Change(name, index, value.strip()))
    else:
        talk.lines.append(headers.make_line(name, value))


def _heed(talk: _Dialogue, said: bytes, data: bytes) -> None:
    if said != b"c":
        raise Over([_verdict(talk, said, data)])


def _verdict(talk: _Dialogue, said: bytes, data: bytes) -> Verdict:
    match said:
        case b"a":
            return _tag(talk)
        case b"r":
            return Verdict(Act.REFUSE, RULE, f"{talk.name} refuses it")
        case b"t":
            return Verdict(Act.GREYLIST, RULE, f"{talk.name} puts it off")
        case b"d":
            return Verdict(Act.DISCARD, RULE, f"{talk.name} discards it")
        case b"4":
            return Verdict(Act.GREYLIST, RULE, f"{talk.name} wants the connection closed")
        case b"y":
            found = _CODE.match(data.rstrip(b"\0"))
            if found is not None:
                words = " ".join((found[2] or b"").decode("utf-8", "replace").split())[:300]
                act = Act.REFUSE if found[1] == b"5" else Act.GREYLIST
                return Verdict(act, RULE, f"{talk.name}: {words or 'no'}", public=words)
    raise ScannerFailed(f"it said {said!r}, which is not understood here")


def _tag(talk: _Dialogue, *lines: str) -> Verdict:
    changed = f", changed {len(talk.changes)} header fields" if talk.changes else ""
    return Verdict(Act.TAG, RULE, f"{talk.name} lets it pass{changed}", headers=lines)

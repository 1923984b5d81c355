"""Mail of a list that came back: whose it was, what it counts, when a member is paused, probed and removed.

The member is known by the envelope sender of the copy (VERP), which nobody can make up, or by a report of this
host's own. Reports as of RFC 3464; whatever else comes with the null sender counts half. A score halves every week.
"""

import re
from dataclasses import dataclass

from django.db import transaction

from mailcore.mime import structure
from mailcore.mime.headers import Headers
from mailcore.mime.parts import walk
from mailcore.queue.claims import Lease
from mailcore.queue.settlement import Result, Verdict

from . import keys, letters, register, requests, roster
from .models import MailingList, Member
from .taking import Taken

DAY = 86_400
HALF_LIFE = 7 * DAY
PROBE_EVERY = 7 * DAY
MAX_PROBES = 3
WEIGHTS = {"hard": 1.0, "soft": 0.0, "unknown": 0.5}
_STATUS = re.compile(rb"^status[ \t]*:[ \t]*([245])\.", re.IGNORECASE | re.MULTILINE)
_ACTION = re.compile(rb"^action[ \t]*:[ \t]*(\w+)", re.IGNORECASE | re.MULTILINE)
_RECIPIENT = re.compile(rb"^(?:original|final)-recipient[ \t]*:[ \t]*[\w-]+[ \t]*;[ \t]*<?([^\s<>]+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Report:
    kind: str
    """hard, soft (it is still being tried) or unknown."""
    recipients: frozenset[str] = frozenset()


def take(row: MailingList, lease: Lease, raw: bytes, token: str, *, now: int) -> Taken:
    if lease.sender:
        return Taken(Result(lease, Verdict.DISCARDED, 250, "It is no report: those come without a sender."))
    report = read(raw)
    members = _find(row, lease, token, report)
    if not members:
        return Taken(Result(lease, Verdict.DISCARDED, 250, f"A report for {row} that is about no member of it."))

    def keep() -> None:
        for member in members:
            count(member, report.kind, now=now)

    names = ", ".join(member.email for member in members)
    return Taken(Result(lease, Verdict.DELIVERED, 250, f"Counted as {report.kind} for {names} of {row}."[:900]), keep)


def read(raw: bytes) -> Report:
    for part in walk(structure.parse(raw).root):
        if part.content_type in ("message/delivery-status", "message/global-delivery-status"):
            text = raw[part.body_start : part.body_end][:200_000]
            action, status = _ACTION.search(text), _STATUS.search(text)
            failed = action is not None and action[1].lower() == b"failed"
            # A full mailbox given up on is as lost as an unknown one.
            kind = "hard" if failed and (status is None or status[1] in b"45") else "soft"
            found = {one.decode("utf-8", "replace").casefold() for one in _RECIPIENT.findall(text)[:2_000]}
            return Report(kind, frozenset(found))
    automatic = (Headers.parse(raw).get("auto-submitted") or "").lower()
    return Report("soft" if "auto-replied" in automatic and "x-failed-recipients" not in Headers.parse(raw) else "unknown")


def count(member: Member, kind: str, *, now: int) -> None:
    """Add a bounce, one a day at most, in the caller's transaction; past the limit the member is paused."""
    weight = WEIGHTS[kind]
    if not weight or (member.bounced_at and now - member.bounced_at < DAY and member.status == Member.Status.ACTIVE):
        return
    row = member.mailing_list
    score = score_at(member, now=now) + weight
    fresh = Member.objects.filter(id=member.pk)
    fresh.update(bounce_score=score, bounced_at=now)
    if score >= row.bounce_limit and fresh.filter(status=Member.Status.ACTIVE).update(status=Member.Status.PAUSED, probes=0, probed_at=0):
        after = {"email": member.email, "status": "paused", "score": round(score, 2)}
        register.record("member_paused", row, before={"email": member.email, "status": "active"}, after=after)


def score_at(member: Member, *, now: int) -> float:
    age = max(0, now - member.bounced_at)
    halved: float = member.bounce_score * 0.5 ** (age / HALF_LIFE)
    return halved


def probe(*, now: int, limit: int = 200) -> int:
    """Ask paused members whether their address works, once a week; after the third without an answer they are removed."""
    due = Member.objects.filter(status=Member.Status.PAUSED, probed_at__lte=now - PROBE_EVERY).order_by("probed_at", "id")
    members = list(due.select_related("mailing_list__address__domain")[:limit])
    for member in members:
        if member.probes >= MAX_PROBES:
            roster.remove(member_id=member.pk, why="mail came back, and no probe was answered")
        else:
            _probe(member, now)
    return len(members)


def _probe(member: Member, now: int) -> None:
    with transaction.atomic():
        mine = Member.objects.filter(id=member.pk, status=Member.Status.PAUSED, probed_at=member.probed_at)
        if not mine.update(probed_at=now, probes=member.probes + 1):
            return
        request, token = requests.ask_for(member.mailing_list, member, now=now)
        letters.keep(letters.make_ready([letters.probe(member.mailing_list, member, request, token)]))


def _find(row: MailingList, lease: Lease, token: str, report: Report) -> list[Member]:
    members = Member.objects.select_related("mailing_list__address__domain").filter(mailing_list=row)
    if token:
        key = token.partition("+")[0]
        return list(members.filter(key=key)[:1]) if len(key) == keys.LENGTH else []
    # Without a key only what this host says itself is believed: anybody can write a report.
    return list(members.filter(email__in=report.recipients)) if lease.source == "dsn" else []

"""The members of a list: added, changed, found, removed, loaded from lines."""

import csv
import io
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from mailcore.directory import mailboxes
from mailcore.directory.faults import AlreadyExists, BadField
from mailcore.kernel.errors import MailError, NotFound

from . import keys, register
from .models import MailingList, Member

MAX_MEMBERS = 200_000
MAX_LINES = 50_000
CHANGEABLE = frozenset(("name", "role", "mode", "own_posts", "is_hidden"))
_CHUNK = 500
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ADDRESS = re.compile(r"(?P<name>.*?)\s*<(?P<email>[^<>]+)>\s*\Z")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an import, and what became of it: made, there or failed."""

    number: int
    email: str
    outcome: str
    text: str = ""


def add(*, row: MailingList, email: str, name: str = "", **options: Any) -> Member:
    """AlreadyExists where it is a member; BadField."""
    folded = fold(email)
    if folded == str(row.address):
        raise BadField("email", "A list cannot be a member of itself.")
    _check(options)
    with transaction.atomic():
        held = Member.objects.filter(mailing_list=row, email=folded).first()
        if held is not None:
            raise AlreadyExists("email", f"{folded} is a member already.", held.id)
        member = Member.objects.create(**_values(row, folded, name), **options)
        register.record("member_added", row, after={"email": folded, **options})
    return member


def change(*, member_id: int, **options: Any) -> None:
    _check(options)
    with transaction.atomic():
        member = get(member_id=member_id)
        before = {one: getattr(member, one) for one in options}
        _record_change(member, before, options)
        Member.objects.filter(id=member_id).update(**options)


def resume(*, member_id: int) -> None:
    """The address works again: mail goes to it, and what came back is forgotten."""
    with transaction.atomic():
        member = get(member_id=member_id)
        _record_change(member, {"status": member.status}, {"status": "active"})
        Member.objects.filter(id=member_id).update(status=Member.Status.ACTIVE, bounce_score=0.0, probes=0, probed_at=0)


def remove(*, member_id: int, why: str = "") -> None:
    with transaction.atomic():
        member = get(member_id=member_id)
        register.record("member_removed", member.mailing_list, before={"email": member.email, "role": member.role, "why": why})
        member.delete()


def get(*, member_id: int) -> Member:
    member = Member.objects.select_related("mailing_list__address__domain").filter(id=member_id).first()
    if member is None:
        raise NotFound("There is no such member.")
    return member


def find(row: MailingList, email: str) -> Member | None:
    try:
        return Member.objects.filter(mailing_list=row, email=fold(email)).first()
    except MailError:
        return None


def search(row: MailingList, text: str = "") -> QuerySet[Member]:
    found = Member.objects.filter(mailing_list=row)
    text = text.strip().lower()
    return found.filter(email__contains=text) | found.filter(name__icontains=text) if text else found


def load(*, row: MailingList, data: str, is_dry: bool = False) -> list[Line]:
    """Members from lines `address`, `Name <address>` or CSV `address,name`; a report of every line. One bad line holds up no other."""
    lines: list[Line] = []
    seen: set[str] = set()
    pending: list[tuple[int, str, str]] = []
    for number, email, name in _read(data):
        try:
            folded = fold(email)
        except MailError as error:
            lines.append(Line(number, email[:330], "failed", error.public))
            continue
        if folded in seen:
            lines.append(Line(number, folded, "failed", "This address stands here twice; the first line counts."))
            continue
        seen.add(folded)
        pending.append((number, folded, name))
        if len(pending) == _CHUNK:
            lines += _load_chunk(row, pending, is_dry)
            pending = []
    lines += _load_chunk(row, pending, is_dry)
    return sorted(lines, key=lambda line: line.number)


def fold(email: str) -> str:
    return mailboxes.parse(email).folded


def _record_change(member: Member, before: dict[str, Any], after: dict[str, Any]) -> None:
    email = {"email": member.email}
    register.record("member_changed", member.mailing_list, before=email | before, after=email | after)


def _load_chunk(row: MailingList, pending: list[tuple[int, str, str]], is_dry: bool) -> list[Line]:
    if not pending:
        return []
    with transaction.atomic():
        there = set(Member.objects.filter(mailing_list=row, email__in=[email for _, email, _ in pending]).values_list("email", flat=True))
        fresh = [(number, email, name) for number, email, name in pending if email not in there]
        if Member.objects.filter(mailing_list=row).count() + len(fresh) > MAX_MEMBERS:
            return [Line(number, email, "failed", f"A list has at most {MAX_MEMBERS} members.") for number, email, _ in pending]
        if fresh and not is_dry:
            Member.objects.bulk_create([Member(**_values(row, email, name)) for _, email, name in fresh], ignore_conflicts=True)
            register.record("members_loaded", row, after={"count": len(fresh), "first": fresh[0][1]})
    return [Line(number, email, "there" if email in there else "made") for number, email, _ in pending]


def _read(data: str) -> Iterator[tuple[int, str, str]]:
    if "\0" in data:
        raise BadField("members", "This is no text.")
    lines = data.lstrip("\ufeff").splitlines()
    if len(lines) > MAX_LINES:
        raise BadField("members", f"At most {MAX_LINES} lines at a time. Part it.")
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#") or (number == 1 and "@" not in text):
            continue
        named = _ADDRESS.match(text)
        if named:
            yield number, named["email"].strip(), named["name"].strip(' "')
            continue
        cells = next(csv.reader(io.StringIO(text), delimiter=";" if ";" in text else ","), [""])
        yield number, cells[0].strip(), cells[1].strip() if len(cells) > 1 else ""


def _values(row: MailingList, email: str, name: str) -> dict[str, Any]:
    key = keys.member_key(list_address=str(row.address), email=email)
    return {"mailing_list": row, "email": email, "name": _CONTROL.sub(" ", name).strip()[:200], "key": key, "created_at": int(time.time())}


def _check(options: dict[str, Any]) -> None:
    allowed = {"role": Member.Role.values, "mode": Member.Mode.values}
    for name, value in options.items():
        if name not in CHANGEABLE or (name in allowed and value not in allowed[name]):
            raise BadField(name, f"{value} is not what {name} may be.")
        if name == "name" and (_CONTROL.search(value) or len(value) > 200):
            raise BadField("name", "A name has at most 200 characters and no line breaks.")

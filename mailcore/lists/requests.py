"""Joining, leaving and changing what one gets, with a confirmation: an address does what it has confirmed, and nobody does it for another.

A token names a row and proves that it was made here; it is good once and runs out. How many requests one address
is asked about is bounded over all lists, so that the lists here cannot be used to flood anybody. What is answered
never says who is a member: that goes to the address itself.
"""

import time

from django.db import transaction

from mailcore.directory.faults import AlreadyExists, BadField
from mailcore.kernel.errors import Denied, Throttled

from . import keys, letters, roster
from .letters import Letter
from .models import MailingList, Member, Request

LIFETIME = 3 * 86_400
DAY = 86_400
MAX_A_DAY = 3
"""Requests about one address, all lists together."""
MODES = frozenset(Member.Mode.values)
ASKED = frozenset((Request.Action.SUBSCRIBE.value, Request.Action.UNSUBSCRIBE.value, *MODES))
"""What anybody may ask for an address, by mail or page."""


def ask(row: MailingList, *, email: str, action: str, name: str = "", now: int | None = None) -> None:
    """Send what must be confirmed. BadField for what is no address; Throttled where it was asked often; Denied where the list is closed."""
    at = int(time.time()) if now is None else now
    folded = roster.fold(email)
    if action == Request.Action.SUBSCRIBE and row.join_policy == MailingList.JoinPolicy.CLOSED:
        raise Denied("Members of this list are added by its owners.")
    if not row.address.is_enabled:
        raise Denied("This list is suspended.")
    if any(ord(char) < 32 for char in name) or len(name) > 200:
        raise BadField("name", "A name has at most 200 characters and no line breaks.")
    if Request.objects.filter(email=folded, created_at__gt=at - DAY).count() >= MAX_A_DAY:
        raise Throttled("This address was written to several times today. Try again tomorrow.", f"throttled by target: {folded}")
    request = Request(mailing_list=row, email=folded, name=name.strip(), action=action, created_at=at, expires_at=at + LIFETIME)
    member = roster.find(row, folded)
    # The row comes first: the token holds its number. Should the letter fail, it goes with it.
    with transaction.atomic():
        request.save()
        letter = _letter(row, request, member)
        letters.keep(letters.make_ready([letter]))


def ask_for(row: MailingList, member: Member, *, now: int) -> tuple[Request, str]:
    """The row and token of a probe, in the caller's transaction."""
    request = Request.objects.create(
        mailing_list=row, email=member.email, action=Request.Action.RESUME, created_at=now, expires_at=now + 30 * DAY
    )
    return request, token_of(request)


def token_of(request: Request) -> str:
    parts = (str(request.mailing_list_id), request.email, request.action, str(request.expires_at))
    return keys.numbered("confirm", request.pk, *parts)


def read(row: MailingList, token: str, *, now: int | None = None) -> Request:
    """What a token asks. Denied where it was not made here, is of another list, was used, or ran out."""
    at = int(time.time()) if now is None else now
    request = Request.objects.filter(id=keys.read_number(token), mailing_list=row).first()
    if request is None or token.casefold() != token_of(request):
        raise Denied("This confirmation was not made here.")
    if request.is_done:
        raise Denied("This was confirmed already.")
    if request.expires_at <= at:
        raise Denied("This confirmation has run out. Ask again.")
    return request


def confirm(row: MailingList, token: str, *, now: int | None = None) -> str:
    """Do what was asked; the words for it. Once, whatever happens at the same time."""
    request = read(row, token, now=now)
    with transaction.atomic():
        if not Request.objects.filter(id=request.pk, is_done=False).update(is_done=True):
            raise Denied("This was confirmed already.")
        return _DO[request.action](row, request)


def leave(row: MailingList, token: str) -> str:
    """By the link in a copy, without any question (RFC 8058). The address that left; "" where it had left before."""
    key = keys.read_leave_token(token)
    member = Member.objects.filter(mailing_list=row, key=key).first()
    if member is None:
        return ""
    roster.remove(member_id=member.pk, why="unsubscribed by the link")
    return member.email


def forget(*, now: int) -> int:
    """Remove what has run out."""
    return Request.objects.filter(expires_at__lt=now - DAY).delete()[0]


def _letter(row: MailingList, request: Request, member: Member | None) -> Letter:
    if request.action == Request.Action.SUBSCRIBE and member is not None:
        return letters.tell(
            row, request.email, f"You are on {row.title}", f"{request.email} is on this list already. Nothing was changed.\n"
        )
    if request.action != Request.Action.SUBSCRIBE and member is None:
        return letters.tell(
            row, request.email, f"You are not on {row.title}", f"{request.email} is not on this list. Nothing was changed.\n"
        )
    return letters.ask_to_confirm(row, request, token_of(request))


def _join(row: MailingList, request: Request) -> str:
    if row.join_policy == MailingList.JoinPolicy.CLOSED:
        raise Denied("Members of this list are added by its owners.")
    try:
        roster.add(row=row, email=request.email, name=request.name)
    except AlreadyExists:
        return f"{request.email} is on the list already."
    letters.keep(letters.make_ready([letters.welcome(row, request.email)]))
    return f"{request.email} is on the list now."


def _leave(row: MailingList, request: Request) -> str:
    member = roster.find(row, request.email)
    if member is not None:
        roster.remove(member_id=member.pk, why="unsubscribed, confirmed")
    return f"{request.email} is not on the list any more."


def _resume(row: MailingList, request: Request) -> str:
    member = roster.find(row, request.email)
    if member is None:
        raise Denied("This address is not on the list any more.")
    roster.resume(member_id=member.pk)
    return f"{request.email} gets the list's mail again."


def _change_mode(row: MailingList, request: Request) -> str:
    member = roster.find(row, request.email)
    if member is None:
        raise Denied("This address is not on the list any more.")
    roster.change(member_id=member.pk, mode=request.action)
    return f"{request.email} gets {_MODES[request.action]} of the list now."


_MODES = {"normal": "each post", "digest": "one digest a day", "nomail": "no mail"}
_DO = {
    Request.Action.SUBSCRIBE.value: _join,
    Request.Action.UNSUBSCRIBE.value: _leave,
    Request.Action.RESUME.value: _resume,
    **dict.fromkeys(MODES, _change_mode),
}

"""A post on its way to the members: a batch at a time into one queue entry, each batch exactly once.

The first batch enters by the intake like any message (one door); the others join its entry. How far it went stands
in the post, and moves in the transaction that queues the batch: a worker that dies half way loses and doubles nothing,
and memory holds one batch however long the list is.
"""

import logging
import time

from django.db import transaction

from mailcore import bell
from mailcore.delivery import intake
from mailcore.directory import mailboxes
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient, Origin
from mailcore.kernel.ids import BlobId, MailboxId
from mailcore.queue import journey, settlement
from mailcore.queue.journey import Stage, Step
from mailcore.queue.models import Entry
from mailcore.store import blobs, writer
from mailcore.store.writer import Delivery

from . import copies, keys, register
from .models import MailingList, Member, Post

log = logging.getLogger(__name__)

BATCH = 500
ROUNDS = 1_000


class _Lost(Exception):
    """Another worker took this batch."""


def run(*, now: int | None = None, rounds: int = ROUNDS) -> int:
    """Carry on with whatever is on its way; the number of batches. One post that fails holds up no other."""
    at = int(time.time()) if now is None else now
    done = 0
    for post_id in list(Post.objects.filter(state=Post.State.SENDING).order_by("id").values_list("id", flat=True)[:100]):
        try:
            while done < rounds and step(post_id, now=at):
                done += 1
        except Exception:
            log.exception("a post could not be carried on post=%s", post_id)
    return done


def step(post_id: int, *, now: int) -> bool:
    """One batch; whether there may be another."""
    post = Post.objects.filter(id=post_id, state=Post.State.SENDING).first()
    if post is None:
        return False
    row = register.get_by_id(list_id=post.mailing_list_id)
    batch = _next(row, post)
    try:
        if not batch:
            _finish(row, post, now)
            return False
        emails = [email for _, email, own in batch if own or email != post.author]
        if post.entry_id is None and emails:
            _begin(row, post, emails, batch[-1][0], now)
        else:
            _go_on(post, emails, batch[-1][0], now)
    except _Lost:
        log.info("a batch was taken by another worker post=%s", post_id)
    return True


def _next(row: MailingList, post: Post) -> list[tuple[int, str, bool]]:
    mode = Member.Mode.DIGEST if post.is_digest else Member.Mode.NORMAL
    found = Member.objects.filter(mailing_list=row, id__gt=post.cursor, status=Member.Status.ACTIVE, mode=mode)
    return list(found.order_by("id").values_list("id", "email", "own_posts")[:BATCH])


def _begin(row: MailingList, post: Post, emails: list[str], last: int, now: int) -> None:
    who = f"by {post.author}" if post.author else "by nobody that it names"
    findings = ("The daily digest of the list." if post.is_digest else f"Posted to {row} {who}, as {post.source_trace}.",)
    prepared = [
        intake.prepare(
            envelope=Envelope(
                keys.command_address(str(row), "bounces"),
                tuple(EnvelopeRecipient(email) for email in emails),
                smtputf8=post.smtputf8,
                eight_bit=post.eight_bit,
            ),
            raw=blobs.read(BlobId(post.blob_id)),
            origin=Origin(copies.SOURCE, protocol="LOCAL", findings=findings),
            now=now,
        )
    ]
    written = intake.write(prepared)
    trace_id = prepared[0].trace_id
    with transaction.atomic():
        _move(post, last, len(emails), trace_id=trace_id)
        intake.keep(prepared, written)
        entry_id = Entry.objects.filter(trace_id=trace_id).values_list("pk", flat=True).get()
        Post.objects.filter(id=post.pk).update(entry_id=entry_id)


def _go_on(post: Post, emails: list[str], last: int, now: int) -> None:
    with transaction.atomic():
        _move(post, last, len(emails))
        if post.entry_id is None or not emails:
            return
        settlement.insert_recipients([(post.entry_id, email, "", "") for email in emails], now=now)
        journey.record([Step(post.trace_id, now, Stage.QUEUED, "", 0, "", one, one.rpartition("@")[2], post.message_id) for one in emails])
        transaction.on_commit(bell.ring)


def _move(post: Post, last: int, count: int, **more: object) -> None:
    """Only from where this worker read it: a second one finds that it has moved."""
    where = Post.objects.filter(id=post.pk, state=Post.State.SENDING, cursor=post.cursor)
    if not where.update(cursor=last, reached=post.reached + count, **more):
        raise _Lost


def _finish(row: MailingList, post: Post, now: int) -> None:
    shipment = writer.prepare(_filing(row, post, now))
    with transaction.atomic():
        if not Post.objects.filter(id=post.pk, state=Post.State.SENDING).update(state=Post.State.SENT):
            raise _Lost
        writer.store(shipment)
        as_what = f" as {post.trace_id}" if post.trace_id else ""
        text = f"sent to {post.reached} member{'' if post.reached == 1 else 's'} of {row}{as_what}"
        if not post.is_digest:
            journey.record(
                [Step(post.source_trace, now, Stage.ROUTED, "posted", 0, text, str(row), row.address.domain.name, post.message_id)]
            )


def _filing(row: MailingList, post: Post, now: int) -> list[Delivery]:
    if row.archive_mailbox_id is None or post.is_digest:
        return []
    mailbox_id = MailboxId(row.archive_mailbox_id)
    if mailboxes.find_address(mailbox_id=mailbox_id) is None:
        log.warning("the archive of a list has no mailbox any more list=%s", row)
        return []
    return [
        Delivery(
            mailbox_id=mailbox_id, folder=row.archive_folder, blob_id=BlobId(post.blob_id), key=f"list:{post.pk}:{mailbox_id}",
            prefix=f"Delivered-To: {row}\r\n".encode(), internaldate=now,
        )
    ]  # fmt: skip

"""Held posts: shown, approved, rejected with a reason, discarded, by whoever holds the token or looks after the list."""

import time

from django.db import transaction
from django.db.models import QuerySet

from mailcore.kernel.errors import Conflict, Denied, NotFound
from mailcore.kernel.ids import BlobId
from mailcore.mime import structure, text
from mailcore.queue import journey
from mailcore.queue.journey import Stage, Step
from mailcore.store import blobs
from mailcore.trust.naming import get_names

from . import dressing, keys, letters, register
from .models import MailingList, Post

LIFETIME = 30 * 86_400
"""Seconds after which a held post is discarded."""
MAX_REASON = 2_000


def token_of(post: Post) -> str:
    return keys.numbered("held", post.pk, str(post.mailing_list_id), post.source_trace)


def read(row: MailingList, token: str) -> Post:
    """Denied where the token was not made here. A post that was decided about is found, too."""
    post = Post.objects.filter(id=keys.read_number(token), mailing_list=row).first()
    if post is None or token.casefold() != token_of(post):
        raise Denied("This link was not made here.")
    return post


def held(row: MailingList) -> QuerySet[Post]:
    return Post.objects.filter(mailing_list=row, state=Post.State.HELD).order_by("id")


def get(*, row: MailingList, post_id: int) -> Post:
    post = Post.objects.filter(mailing_list=row, id=post_id).first()
    if post is None:
        raise NotFound("There is no such post.")
    return post


def excerpt(post: Post) -> str:
    """The first words of a held post, plain."""
    return text.snippet(structure.parse(blobs.read(BlobId(post.blob_id))))


def approve(post: Post, *, by: str) -> None:
    """Conflict where it was decided about before."""
    if post.state != Post.State.HELD or not _release(post, by=by):
        raise Conflict("This post was decided about already.")
    with transaction.atomic():
        _tell(post, "approved", f"approved by {by}")


def reject(post: Post, *, by: str, reason: str = "") -> None:
    """The author is told, with the reason."""
    row = register.get_by_id(list_id=post.mailing_list_id)
    reason = reason.replace("\0", "").strip()[:MAX_REASON]
    ready = letters.make_ready([letters.rejected(row, post, reason)] if post.author and post.sender else [])
    with transaction.atomic():
        _end(post, Post.State.REJECTED, by, reason or post.reason)
        letters.keep(ready)
        _tell(post, "rejected", f"rejected by {by}{f': {reason}' if reason else ''}")


def discard(post: Post, *, by: str) -> None:
    with transaction.atomic():
        _end(post, Post.State.DISCARDED, by, post.reason)
        _tell(post, "discarded", f"discarded by {by}")


def expire(*, now: int, limit: int = 100) -> int:
    """Discard what nobody decided about; its journey says so."""
    old = list(Post.objects.filter(state=Post.State.HELD, at__lt=now - LIFETIME).order_by("id")[:limit])
    for post in old:
        discard(post, by="nobody, in thirty days")
    return len(old)


def _end(post: Post, state: Post.State, by: str, reason: str) -> None:
    done = Post.objects.filter(id=post.pk, state=Post.State.HELD).update(state=state, decided_by=by[:330], reason=reason[:500], blob_id=-1)
    if not done:
        raise Conflict("This post was decided about already.")


def _tell(post: Post, verdict: str, words: str) -> None:
    row = register.get_by_id(list_id=post.mailing_list_id)
    stage = Stage.ROUTED if verdict == "approved" else Stage.DISCARDED
    at = int(time.time())
    journey.record([Step(post.source_trace, at, stage, verdict, 0, words, str(row), row.address.domain.name, post.message_id)])
    register.record(
        f"post_{verdict}", row, after={"author": post.author, "subject": post.subject, "message_id": post.message_id, "by": words}
    )


def _release(post: Post, *, by: str) -> bool:
    """A held post on its way; False where somebody else decided first. Asks the DNS: never inside a transaction."""
    row = register.get_by_id(list_id=post.mailing_list_id)
    written = blobs.write([dressing.dress(row, blobs.read(BlobId(post.blob_id)), names=get_names())])
    with transaction.atomic():
        fresh = Post.objects.filter(id=post.pk, state=Post.State.HELD)
        return bool(fresh.update(state=Post.State.SENDING, blob_id=int(blobs.record(written)[0]), decided_by=by[:330]))

"""A message that came for a list, taken over: posted, or held, in one transaction with the settlement of its recipient.

Law 1: until that commit it is the queue's. A post is kept once for each journey and list, so a worker that dies
and another that repeats it make no second one.
"""

from mailcore.mime.headers import Headers
from mailcore.queue.claims import Lease
from mailcore.queue.settlement import Result, Verdict
from mailcore.store import blobs
from mailcore.trust.naming import get_names

from . import dressing, holding, judging, letters, register
from .judging import Act, Judgement
from .models import MailingList, Post
from .taking import Taken


def take(row: MailingList, lease: Lease, raw: bytes, *, now: int) -> Taken:
    headers = Headers.parse(raw)
    judgement = judging.judge(row, lease, headers)
    if judgement.act is Act.DISCARD:
        return Taken(Result(lease, Verdict.DISCARDED, 250, f"Not posted to {row}: {judgement.reason}."))
    if judgement.act is Act.REFUSE:
        return Taken(Result(lease, Verdict.FAILED, 550, f"5.7.2 Not posted to {row}: {judgement.reason}."))
    post = _make(row, lease, headers, judgement, now)
    if judgement.act is Act.HOLD:
        return _hold(row, lease, post, raw)
    return _send(row, lease, post, dressing.dress(row, raw, names=get_names()))


def _hold(row: MailingList, lease: Lease, post: Post, raw: bytes) -> Taken:
    post.state = Post.State.HELD
    post.blob_id = lease.blob_id

    def keep() -> None:
        post.save()
        to = register.staff(row)
        letters.keep(letters.make_ready(letters.ask_to_decide(row, post, holding.token_of(post), raw, to)))

    return Taken(Result(lease, Verdict.DELIVERED, 250, f"Held for the moderators of {row}: {post.reason}."), keep, holds=True)


def _send(row: MailingList, lease: Lease, post: Post, dressed: bytes) -> Taken:
    written = blobs.write([dressed])

    def keep() -> None:
        post.blob_id = int(blobs.record(written)[0])
        post.save()

    return Taken(Result(lease, Verdict.EXPANDED, 250, f"Posted to {row}."), keep)


def _make(row: MailingList, lease: Lease, headers: Headers, judgement: Judgement, now: int) -> Post:
    return Post(
        mailing_list=row, source_trace=lease.trace_id, state=Post.State.SENDING, blob_id=lease.blob_id, author=judgement.author[:320],
        sender=lease.sender, subject=(headers.get("subject") or "").replace("\0", "")[:300], message_id=lease.message_id, size=lease.size,
        smtputf8=bool(lease.smtputf8), eight_bit=bool(lease.eight_bit), reason=judgement.reason[:500], at=now,
    )  # fmt: skip

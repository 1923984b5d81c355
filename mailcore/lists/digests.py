"""The daily digest: the posts of a day in one message, for members who chose it. RFC 2046 §5.1.5 (multipart/digest).

A digest is kept once for each list and day, and goes out as a post does.
"""

import secrets
import time
from datetime import UTC, datetime

from django.db import IntegrityError, transaction

from mailcore.kernel.ids import BlobId
from mailcore.mime.folding import fold, write_text
from mailcore.store import blobs

from . import dressing, keys
from .models import MailingList, Member, Post

EVERY = 86_400
MAX_POSTS = 50
MAX_BYTES = 5_000_000
"""What is beyond goes into the next digest."""
KEPT = 7 * 86_400
"""Seconds for which sent posts keep their bytes, so that a digest finds them."""


def run(*, now: int | None = None) -> int:
    """Make the digests that are due; their number."""
    at = int(time.time()) if now is None else now
    due = MailingList.objects.filter(digested_at__lte=at - EVERY, members__mode=Member.Mode.DIGEST, members__status=Member.Status.ACTIVE)
    return sum(make(row, now=at) for row in due.select_related("address__domain").distinct())


def make(row: MailingList, *, now: int) -> bool:
    """One digest, where there was a post since the last one."""
    posts = _choose(row)
    if not posts:
        return False
    raw = write(row, posts, now=now)
    written = blobs.write([raw])
    day = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
    try:
        with transaction.atomic():
            MailingList.objects.filter(id=row.pk).update(digested_at=now if len(posts) < MAX_POSTS else posts[-1].at)
            Post.objects.create(
                mailing_list=row, source_trace=f"digest-{day}-{posts[-1].pk}", state=Post.State.SENDING, is_digest=True,
                blob_id=int(blobs.record(written)[0]), author="", subject=f"Digest of {day}", size=len(raw), at=now,
                smtputf8=any(post.smtputf8 for post in posts), eight_bit=any(post.eight_bit for post in posts),
            )  # fmt: skip
            Post.objects.filter(id__in=[post.pk for post in posts]).update(in_digest=True)
    except IntegrityError:
        return False
    return True


def write(row: MailingList, posts: list[Post], *, now: int) -> bytes:
    """The message: what is in it, then each post whole."""
    boundary = f"=_{secrets.token_hex(16)}"
    outer = f"=_{secrets.token_hex(16)}"
    day = datetime.fromtimestamp(now, UTC)
    contents = "".join(f"{number:>3}. {post.subject or '(no subject)'}  {post.author}\r\n" for number, post in enumerate(posts, 1))
    intro = f"Posts to {row.title} ({row}):\r\n\r\n{contents}"
    head = b"".join(
        (
            fold("From", [*dressing.list_title(row), f"<{row}>"]),
            fold("To", [str(row)]),
            fold("Subject", write_text(f"{row.title}: digest of {day:%Y-%m-%d}")),
            fold("Date", [f"{day:%a, %d %b %Y %H:%M:%S} +0000"]),
            fold("Message-ID", [f"<digest.{posts[-1].pk}.{keys.make('digest', str(posts[-1].pk))}@{row.address.domain.name}>"]),
            dressing.top_of(row),
            b"MIME-Version: 1.0\r\n",
            f'Content-Type: multipart/mixed; boundary="{outer}"\r\n\r\n'.encode(),
        )
    )
    text = f"--{outer}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{intro}\r\n".encode(
        "utf-8", "replace"
    )
    inner = f'--{outer}\r\nContent-Type: multipart/digest; boundary="{boundary}"\r\n\r\n'.encode()
    parts = b"".join(
        b"--" + boundary.encode() + b"\r\n\r\n" + raw + (b"" if raw.endswith(b"\n") else b"\r\n")
        for raw in blobs.read_many([BlobId(post.blob_id) for post in posts])
    )
    return head + text + inner + parts + f"--{boundary}--\r\n--{outer}--\r\n".encode()


def forget_bytes(*, now: int) -> int:
    """Sent posts and digests keep their bytes for a week, their rows for good measure longer."""
    Post.objects.filter(state=Post.State.SENT, at__lt=now - KEPT).exclude(blob_id=-1).update(blob_id=-1)
    return Post.objects.exclude(state__in=[Post.State.HELD, Post.State.SENDING]).filter(at__lt=now - 90 * EVERY).delete()[0]


def _choose(row: MailingList) -> list[Post]:
    found = Post.objects.filter(mailing_list=row, state=Post.State.SENT, is_digest=False, in_digest=False).exclude(blob_id=-1)
    chosen: list[Post] = []
    room = MAX_BYTES
    for post in found.order_by("id")[:MAX_POSTS]:
        if chosen and post.size > room:
            break
        chosen.append(post)
        room -= post.size
    return chosen

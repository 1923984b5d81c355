"""The door: what is put before a message, what is refused, and one commit for many callers."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import DatabaseError

from mailcore.delivery import intake
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient, Origin
from mailcore.kernel.errors import BadSyntax, Deferred, LimitReached, Refused
from mailcore.kernel.ids import BlobId
from mailcore.queue import journey
from mailcore.queue.models import Entry, Recipient
from mailcore.store import blobs
from tests.delivery.cast import RAW, SMTP, send

pytestmark = pytest.mark.django_db

SUBMISSION = Origin("submission", peer="2001:db8::1", helo="laptop", protocol="ESMTPSA", tls="TLSv1.3 TLS_AES_256_GCM_SHA384")


def item(recipient: str) -> tuple[Envelope, bytes, Origin]:
    return Envelope("zoe@far.test", (EnvelopeRecipient(recipient),)), RAW, SMTP


def kept() -> bytes:
    return blobs.read(BlobId(Entry.objects.latest("id").blob_id))


def test_the_bytes_are_kept_as_received_below_our_lines() -> None:
    trace_id = send("ann@here.test")
    raw = kept()
    head, body = raw[: -len(RAW)], raw[-len(RAW) :]
    assert body == RAW
    unfolded = re.sub(rb"\r\n\s+", b" ", head).decode()
    assert unfolded.startswith(
        f"Received: from mail.far.test ([192.0.2.7]) by mx.facteur.test with ESMTPS id {trace_id} for <ann@here.test>; "
    )
    assert unfolded.count("\r\n") == 1
    assert all(len(line) <= 78 for line in head.splitlines())


@pytest.mark.parametrize(
    ("raw", "is_parted"),
    [
        (b"A text and no header at all.\r\n", True),
        (b"", True),
        (b" folded from nowhere\r\n\r\nbody\r\n", True),
        (b"\r\nbody\r\n", False),
        (b"Subject: x\r\n\r\nbody\r\n", False),
        (b"From zoe Mon Nov 23 10:00:00 2026\r\nSubject: x\r\n\r\nbody\r\n", False),
    ],
)
def test_our_lines_end_with_an_empty_one_only_where_no_header_follows(raw: bytes, is_parted: bool) -> None:
    send("ann@here.test", raw=raw)
    head = kept()[: len(kept()) - len(raw)]
    assert kept() == head + raw
    assert head.endswith(b"\r\n\r\n") is is_parted
    assert b"\r\n\r\n" not in head[:-4]


def test_several_recipients_are_not_told_of_each_other() -> None:
    send("ann@here.test", "bo@here.test")
    assert b" for <" not in kept()[: -len(RAW)]


def test_a_submission_is_completed_and_a_relayed_message_is_not() -> None:
    bare = b"Subject: x\r\n\r\nbody\r\n"
    trace_id = send("ann@here.test", raw=bare, origin=SUBMISSION)
    raw = kept()
    assert f"\r\nMessage-ID: <{trace_id}@mx.facteur.test>\r\n".encode() in raw
    assert b"\r\nDate: " in raw
    assert b"([IPv6:2001:db8::1])" in raw
    assert Entry.objects.get().message_id == f"{trace_id}@mx.facteur.test"
    send("ann@here.test", raw=bare)
    assert b"Message-ID" not in kept()


def test_a_helo_cannot_forge_a_header_line() -> None:
    send("ann@here.test", origin=Origin("smtp", peer="192.0.2.7", helo="x\r\nSubject: forged (a"))
    assert b"\r\nSubject: forged" not in kept()


def test_extra_trace_lines_come_first() -> None:
    send("ann@here.test", origin=Origin("smtp", headers=("Authentication-Results: mx.facteur.test; none",)))
    assert kept().startswith(b"Authentication-Results: mx.facteur.test; none\r\nReceived: by mx.facteur.test")


def test_too_many_hops_are_a_loop() -> None:
    send("ann@here.test", raw=b"Received: x\r\n" * 50 + RAW)
    with pytest.raises(Refused):
        send("ann@here.test", raw=b"received : x\r\n y\r\n" * 51 + RAW)
    send("ann@here.test", raw=RAW + b"Received: x\r\n" * 99)


def test_size_and_recipients_are_checked(settings: Any) -> None:
    with pytest.raises(Refused):
        send()
    with pytest.raises(BadSyntax):
        send("not an address")
    with pytest.raises(BadSyntax):
        send("ann@here.test", sender="not an address")
    with pytest.raises(LimitReached):
        send("ann@here.test", raw=b"x" * (settings.FACTEUR.max_message_bytes + 1))
    assert Entry.objects.count() == 0


def test_a_disk_that_is_nearly_full_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "ROOM_FOR", 1 << 40)
    with pytest.raises(Deferred):
        send("ann@here.test")


def test_each_recipient_once_and_postmaster_has_a_domain() -> None:
    send("Ann@here.test", "ann@HERE.test", "postmaster")
    assert list(Recipient.objects.order_by("id").values_list("address", flat=True)) == ["Ann@here.test", "postmaster@mx.facteur.test"]


def test_the_journey_begins_at_the_door() -> None:
    trace_id = send("ann@here.test")
    first, second = journey.list_steps(trace_id=trace_id)
    assert (first.stage, first.text, first.message_id) == ("received", "from 192.0.2.7 (mail.far.test) by ESMTPS", "one@far.test")
    assert (second.stage, second.address, second.domain) == ("queued", "ann@here.test", "here.test")


def test_trace_ids_sort_by_time_and_never_repeat() -> None:
    made = [intake.make_trace_id(second) for second in (1, 2, 1_800_000_000, 2_000_000_000) for _ in range(50)]
    assert len(set(made)) == 200
    assert [one[:6] for one in made] == sorted(one[:6] for one in made)


def test_what_cannot_be_kept_is_deferred_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(intake, "keep", fail)
    with pytest.raises(Deferred):
        intake.accept_many([(Envelope("", (EnvelopeRecipient("ann@here.test"),)), RAW, SMTP)])
    assert Entry.objects.count() == 0


def test_messages_given_together_share_a_commit_and_each_gets_its_own_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    real = intake.write

    def write(prepared: Sequence[intake.Prepared]) -> list[blobs.Written]:
        sizes.append(len(prepared))
        return real(prepared)

    monkeypatch.setattr(intake, "write", write)
    outcomes = intake.accept_each([item("ann@here.test"), item("broken"), item("bo@here.test")])
    assert isinstance(outcomes[1], BadSyntax)
    assert [outcomes[0], outcomes[2]] == list(Entry.objects.order_by("id").values_list("trace_id", flat=True))
    assert sizes == [2]
    assert [type(one) for one in intake.accept_each([item("broken")])] == [BadSyntax]
    assert intake.accept_each([]) == []


def test_one_that_cannot_be_kept_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    real = intake.keep

    def keep(prepared: Sequence[intake.Prepared], written: Sequence[blobs.Written]) -> None:
        if any(one.envelope.recipients[0].address == "thirteen@here.test" for one in prepared):
            raise DatabaseError("thirteen")
        real(prepared, written)

    monkeypatch.setattr(intake, "keep", keep)
    outcomes = intake.accept_each([item(f"{name}@here.test") for name in ("ann", "thirteen", "bo")])
    assert isinstance(outcomes[1], Deferred)
    assert [outcomes[0], outcomes[2]] == list(Entry.objects.order_by("id").values_list("trace_id", flat=True))

"""From the door to the mailbox: batches, aliases, failures, and crashes between any two steps."""

from collections.abc import Callable
from typing import Any

import pytest

from mailcore.delivery import drain, local, settling
from mailcore.directory import aliases, domains, mailboxes
from mailcore.queue import claims, journey, schedule
from mailcore.queue.models import Attempt, Entry, Recipient
from tests.delivery.cast import RAW, count_messages, make_domain, make_mailbox, send

pytestmark = pytest.mark.django_db


class NoNetwork:
    def find_hosts(self, domain: str) -> list[str]:
        raise AssertionError(f"nobody may ask for {domain}")

    def find_addresses(self, host: str) -> list[str]:
        raise AssertionError(f"nobody may ask for {host}")


def run(now: int | None = None) -> int:
    total = 0
    while handled := drain.drain(owner="test", now=now, resolver=NoNetwork()):
        total += handled
    return total


def stages(trace_id: str) -> list[str]:
    return [step.stage for step in journey.list_steps(trace_id=trace_id)]  # type: ignore[arg-type]


def test_delivers_to_a_mailbox() -> None:
    make_domain()
    ann = make_mailbox("ann@here.test")
    trace_id = send("Ann+news@here.test")
    assert run() == 1
    assert count_messages(ann) == 1
    assert stages(trace_id) == ["received", "queued", "delivered"]
    assert Recipient.objects.get().state == "delivered"
    assert Attempt.objects.get().verdict == "delivered"
    assert run() == 0


def test_an_alias_reaches_each_mailbox_once() -> None:
    make_domain()
    ann, bo = make_mailbox("ann@here.test"), make_mailbox("bo@here.test")
    aliases.create(address="team@here.test", targets=("ann@here.test", "bo@here.test"))
    send("team@here.test", "bo@here.test")
    run()
    assert (count_messages(ann), count_messages(bo)) == (1, 1)
    original = Recipient.objects.get(address="ann@here.test")
    assert original.orcpt == "rfc822;team@here.test"


def test_the_catch_all_takes_what_nobody_takes() -> None:
    make_domain()
    ann = make_mailbox("ann@here.test")
    domain = domains.get(name="here.test")
    domains.change(domain_id=domain.pk, to=domains.DomainChange(catch_all="ann@here.test"))
    send("nobody@here.test")
    run()
    assert count_messages(ann) == 1


def test_an_unknown_address_bounces_once_and_the_bounce_is_delivered() -> None:
    make_domain()
    ann = make_mailbox("ann@here.test")
    trace_id = send("nobody@here.test", sender="ann@here.test")
    run()
    assert stages(trace_id) == ["received", "queued", "failed", "bounced"]
    assert count_messages(ann) == 1
    assert Entry.objects.filter(source="dsn").count() == 1


def test_a_bounce_never_bounces() -> None:
    make_domain()
    send("nobody@here.test", sender="")
    run()
    assert Entry.objects.count() == 1
    assert Recipient.objects.get().state == "failed"


def test_over_quota_waits_then_fails_after_three_days() -> None:
    make_domain()
    make_mailbox("ann@here.test", quota_bytes=10)
    send("ann@here.test", sender="")
    run()
    recipient = Recipient.objects.get()
    assert (recipient.state, recipient.last_code) == ("queued", 452)
    received = Entry.objects.get().received_at
    Entry.objects.update(expires_at=received + schedule.LIFETIME)
    run(now=received + schedule.OVER_QUOTA_LIFETIME)
    assert Recipient.objects.get().state == "failed"


def test_a_suspended_mailbox_waits() -> None:
    make_domain()
    ann = make_mailbox("ann@here.test")
    trace_id = send("ann@here.test")
    mailboxes.suspend(mailbox_id=ann)
    run()
    assert Recipient.objects.get().state == "queued"
    mailboxes.resume(mailbox_id=ann)
    run(now=Recipient.objects.get().next_attempt_at)
    assert count_messages(ann) == 1
    assert stages(trace_id) == ["received", "queued", "deferred", "delivered"]


def test_a_forwarding_loop_ends_in_a_failure() -> None:
    make_domain()
    ann = make_mailbox("ann@here.test")
    send("ann@here.test", sender="", raw=b"Delivered-To: Ann@here.test\r\n" + RAW)
    run()
    assert count_messages(ann) == 0
    assert Recipient.objects.get().last_text.startswith("5.4.6")


def test_one_broken_message_does_not_hold_up_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    make_domain()
    ann, bo = make_mailbox("ann@here.test"), make_mailbox("bo@here.test")
    send("ann@here.test")
    send("bo@here.test")
    real = local.writer.prepare

    def prepare(items: Any) -> Any:
        if any(item.mailbox_id == ann for item in items):
            raise RuntimeError("this one cannot be written")
        return real(items)

    monkeypatch.setattr(local.writer, "prepare", prepare)
    run()
    assert (count_messages(ann), count_messages(bo)) == (0, 1)
    assert Recipient.objects.get(address="ann@here.test").state == "queued"


@pytest.mark.django_db(transaction=True)
def test_a_message_and_its_settlement_are_one_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    make_domain()
    ann = make_mailbox("ann@here.test")
    send("ann@here.test")
    with monkeypatch.context() as patch:
        crash_before(patch, settling.settlement, "settle")
        with pytest.raises(Crash):
            run()
    assert (count_messages(ann), Recipient.objects.get().state) == (0, "leased")
    run(now=Recipient.objects.get().lease_until)
    assert (count_messages(ann), Recipient.objects.get().state) == (1, "delivered")


class Crash(BaseException):
    """As a killed process: nothing catches it."""


def crash_before(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    def crash(*_: Any, **__: Any) -> Any:
        raise Crash(name)

    monkeypatch.setattr(owner, name, crash)


def crash_after(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    real: Callable[..., Any] = getattr(owner, name)

    def crash(*args: Any, **kwargs: Any) -> Any:
        real(*args, **kwargs)
        raise Crash(name)

    monkeypatch.setattr(owner, name, crash)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("place", "owner", "name"),
    [
        (crash_after, claims, "claim_due"),
        (crash_before, local.writer, "store"),
        (crash_after, local.writer, "store"),
        (crash_before, settling, "settle"),
        (crash_before, settling.settlement, "settle"),
        (crash_after, settling.settlement, "settle"),
        (crash_before, settling.intake, "write"),
        (crash_after, settling.intake, "write"),
        (crash_before, settling.intake, "keep"),
        (crash_after, settling.intake, "keep"),
        (crash_after, settling.journey, "record"),
        (crash_after, settling, "settle"),
    ],
)
def test_a_crash_anywhere_loses_nothing_and_repeats_nothing(
    monkeypatch: pytest.MonkeyPatch, place: Callable[..., None], owner: Any, name: str
) -> None:
    make_domain()
    ann, bo = make_mailbox("ann@here.test"), make_mailbox("bo@here.test")
    aliases.create(address="team@here.test", targets=("ann@here.test", "bo@here.test"))
    send("team@here.test", "nobody@here.test", sender="ann@here.test")
    crashed = False
    with monkeypatch.context() as patch:
        place(patch, owner, name)
        try:
            run()
        except Crash:
            crashed = True
    assert crashed
    # Twice: leases that died run out, and what their second life queues comes due in turn.
    later = Entry.objects.order_by("id")[0].received_at + claims.LEASE_TTL + 60
    run(now=later)
    run(now=later + claims.LEASE_TTL)
    assert (count_messages(ann), count_messages(bo)) == (2, 1), "the message and one report; the message"
    assert Entry.objects.filter(source="dsn").count() == 1
    assert not Recipient.objects.filter(state__in=["queued", "leased"]).exists()

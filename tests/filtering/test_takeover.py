"""A login that suddenly sends, by each way its mail can leave: held, signed out, told, and let go again."""

import json
import smtplib
import time
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from mailcore.audit.models import Event
from mailcore.delivery import alarms, drain, handing, intake
from mailcore.directory import aliases, keys, mailboxes, users
from mailcore.directory.authentication import authenticate
from mailcore.directory.models import AppPassword, User
from mailcore.filtering import scripts
from mailcore.filtering.models import Suspicion
from mailcore.filtering.policy import levels, sending, shelf, takeover
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient, Origin
from mailcore.kernel.errors import BadSyntax, Denied, NotFound, Throttled
from mailcore.kernel.ids import MailboxId, UserId
from mailcore.kernel.principal import Principal, Service
from mailcore.queue import entries
from mailcore.queue.journey import Stage
from mailcore.queue.models import Entry, JourneyEvent, Recipient, State
from mailcore.webhooks import endpoints
from mailcore.webhooks.models import Delivery
from tests.delivery.cast import make_domain, make_mailbox
from tests.servers.conftest import front  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)
ANN, PASSWORD = "ann@here.test", "correct horse battery"
RAW = (
    b"From: Ann <ann@here.test>\r\nTo: x@far.test\r\nSubject: Offer\r\n"
    b"Date: Tue, 1 Sep 2026 10:00:00 +0000\r\nMessage-ID: <1@here.test>\r\n\r\nHi\r\n"
)
REASON = "more than 2 recipients in a day that it never wrote to before (limit of this server)"


@pytest.fixture(autouse=True)
def house() -> Iterator[None]:
    shelf.forget()
    make_domain()
    mailboxes.create(address=ANN, password=PASSWORD)
    levels.put(owner="system", name="login_new_recipients_day", value=2)
    yield
    shelf.forget()


def user() -> User:
    return User.objects.get(login=ANN)


def principal() -> Principal:
    return authenticate(login=ANN, secret=PASSWORD, service=Service.SMTP, peer="192.0.2.1")


def by_program(*recipients: str) -> str:
    return handing.hand_in(handing.Bundle(ANN, recipients, RAW, "cron"))


def by_page(*recipients: str) -> str:
    who = principal()
    hold = sending.admit(principal=who, recipients=list(recipients))
    envelope = Envelope(ANN, tuple(EnvelopeRecipient(one) for one in recipients))
    return intake.accept(envelope=envelope, raw=RAW, origin=Origin("web", protocol="HTTP", user_id=who.user_id, hold=hold))


WAYS = pytest.mark.parametrize("way", [by_program, by_page])
FLOOD = tuple(f"x{number}@far.test" for number in range(3))


def held() -> list[bool]:
    return list(Entry.objects.filter(sender=ANN).order_by("id").values_list("is_held", flat=True))


@WAYS
def test_what_waits_already_is_held_with_what_comes(way: Callable[..., str]) -> None:
    way("known@far.test")
    assert held() == [False]
    way(*FLOOD)
    way("known@far.test")
    assert held() == [True, True, True]
    words = set(JourneyEvent.objects.filter(stage=Stage.HELD).values_list("text", flat=True))
    assert words == {f"held, because {ANN} is suspected: {REASON}"}
    drain.drain(owner="test")
    assert set(Recipient.objects.values_list("state", "attempts")) == {(State.QUEUED, 0)}


def test_what_has_left_and_what_others_sent_is_let_be() -> None:
    make_mailbox("bo@here.test")
    gone = by_page("known@far.test")
    Recipient.objects.update(state=State.DELIVERED)
    handing.hand_in(handing.Bundle("bo@here.test", ("known@far.test",), RAW, "cron"))
    by_page(*FLOOD)
    assert not Entry.objects.get(trace_id=gone).is_held
    assert not Entry.objects.get(sender="bo@here.test").is_held


def test_everything_signed_in_is_signed_out() -> None:
    secret = users.add_app_password(user_id=user().pk, name="telephone", services=(Service.SMTP, Service.IMAP))
    _, key = keys.create(owner=user(), name="program", scopes=("queue:read",))
    page = Client()
    assert page.post("/login", {"login": ANN, "password": PASSWORD}).status_code == 302
    assert page.get("/settings").status_code == 200
    before = user().auth_version
    by_page(*FLOOD)
    assert user().auth_version > before
    assert page.get("/settings").get("Location", "").startswith("/login")
    with pytest.raises(Denied):
        authenticate(login=ANN, secret=secret, service=Service.SMTP, peer="192.0.2.1")
    with pytest.raises(Denied):
        keys.open_key(key)
    assert principal().login == ANN, "the password is the owner's to change"


def test_a_program_of_this_machine_signs_nobody_out() -> None:
    users.add_app_password(user_id=user().pk, name="telephone", services=(Service.SMTP,))
    before = user().auth_version
    by_program(*FLOOD)
    assert user().auth_version == before and AppPassword.objects.count() == 1
    assert Event.objects.get(action="login.suspected").after["signed_out"] is False


def test_the_alarm_is_a_row_a_webhook_and_one_letter() -> None:
    make_mailbox("bo@here.test")
    aliases.create(address="postmaster@here.test", targets=("bo@here.test",))
    owner = users.create(login="root", password=None, role=User.Role.ROOT)
    endpoints.create(owner_id=owner.pk, url="https://hooks.example.org/", kinds=("login",), domains=None)
    by_page("known@far.test")
    by_page(*FLOOD)
    by_page(*FLOOD)
    rows = Event.objects.filter(action="login.suspected")
    assert [(row.object_name, row.domain, row.after["messages_held"]) for row in rows] == [(ANN, "here.test", 1)]
    assert [json.loads(one.body)["type"] for one in Delivery.objects.filter(kind="login.suspected")] == ["login.suspected"]
    now = int(time.time())
    assert [alarms.tell(now=now), alarms.tell(now=now)] == [1, 0]
    letter = Entry.objects.get(sender="")
    assert list(letter.recipients.values_list("address", flat=True)) == ["postmaster@here.test"]
    assert not letter.is_held


def test_the_letter_goes_to_administrators_and_never_to_the_login_itself() -> None:
    make_mailbox("root@here.test")
    aliases.create(address="postmaster@here.test", targets=(ANN,))
    User.objects.filter(login__in=("root@here.test", ANN)).update(role=User.Role.ROOT)
    by_page(*FLOOD)
    assert alarms.tell(now=int(time.time())) == 1
    assert list(Recipient.objects.filter(entry__sender="").values_list("address", flat=True)) == ["root@here.test"]


def test_with_nobody_to_tell_it_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    by_page(*FLOOD)
    assert [alarms.tell(now=1), alarms.tell(now=2)] == [0, 0]
    assert caplog.text.count("nobody to tell") == 1
    assert Suspicion.objects.get().told_at == 1


@pytest.mark.parametrize(("word", "states"), [("release", {State.QUEUED}), ("delete", {State.CANCELLED}), ("keep", {State.QUEUED})])
def test_the_command_believes_a_login_again(word: str, states: set[str]) -> None:
    by_page("known@far.test")
    by_page(*FLOOD)
    out = StringIO()
    call_command("filter", "clear", ANN, "--held", word, stdout=out)
    assert ("2 held message(s)" in out.getvalue()) is (word != "keep")
    assert held() == [word != "release"] * 2
    assert set(Recipient.objects.values_list("state", flat=True)) == states
    assert not Suspicion.objects.exists()
    assert Event.objects.filter(action="login.cleared").count() == 1
    by_page("known@far.test")
    assert not Entry.objects.order_by("-id")[0].is_held


def test_what_an_operator_held_stays_held() -> None:
    own = by_page("known@far.test")
    entries.hold(trace_id=own, now=1, by="root")  # type: ignore[arg-type]
    by_page(*FLOOD)
    assert takeover.clear(login=ANN, held_mail="release") == 1
    assert held() == [True, False]


def test_what_cannot_be_cleared() -> None:
    with pytest.raises(NotFound):
        takeover.clear(login=ANN)
    by_page(*FLOOD)
    with pytest.raises(BadSyntax):
        takeover.clear(login=ANN, held_mail="burn")
    assert Suspicion.objects.exists()


def test_filters_of_a_suspected_login_send_nothing_on() -> None:
    by_page(*FLOOD)
    box = mailboxes.get(address=ANN)
    scripts.put(mailbox_id=MailboxId(box.pk), name="main", text='require "copy"; redirect :copy "out@far.test";')
    scripts.activate(mailbox_id=MailboxId(box.pk), name="main")
    intake.accept(envelope=Envelope("zoe@far.test", (EnvelopeRecipient(ANN),)), raw=RAW, origin=Origin("smtp"))
    drain.drain(owner="test")
    sent_on = Entry.objects.get(recipients__address="out@far.test")
    assert sent_on.is_held and sent_on.source == "forward"


@WAYS
def test_limits_are_the_same_whichever_way(way: Callable[..., str]) -> None:
    levels.put(owner="domain:here.test", name="login_recipients_day", value=3)
    way("a@far.test", "b@far.test")
    with pytest.raises(Throttled, match=r"limit of the domain here\.test"):
        way("a@far.test", "b@far.test")
    assert Entry.objects.count() == 1


def test_ways_are_counted_together() -> None:
    by_program("a@far.test")
    by_page("b@far.test")
    assert held() == [False, False]
    by_program("c@far.test")
    assert held() == [True, True, True]


def test_one_message_to_many_strangers_is_held_whole() -> None:
    by_page(*(f"y{number}@far.test" for number in range(500)))
    assert held() == [True]


def test_the_port_holds_too(front: Any) -> None:  # noqa: F811
    with smtplib.SMTP("127.0.0.1", front.submission, "pc.test", timeout=10) as client:
        client.starttls()
        client.login("ann@example.org", "correct horse battery")
        for to in (["a@far.test"], ["b@far.test", "c@far.test"], ["a@far.test"]):
            client.sendmail("ann@example.org", to, RAW)
    assert list(Entry.objects.order_by("id").values_list("is_held", flat=True)) == [True, True, True]
    assert takeover.list_held()[0].user_id == UserId(User.objects.get(login="ann@example.org").pk)

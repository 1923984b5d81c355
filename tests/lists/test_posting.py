"""A post from the door to the members: who may, what is held, what goes round, and a worker that dies half way."""

import re

import pytest

from mailcore.lists import fanning, holding, register, roster
from mailcore.lists.models import Member, Post
from mailcore.queue.models import Entry, Recipient
from mailcore.trust import naming
from mailcore.trust.zone import ZoneNames
from tests.delivery.cast import make_mailbox
from tests.lists.cast import LOGIN, inbox, join, letter, make_list, out_entries, run, said, send

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    zone = ZoneNames('_dmarc.strict.test. TXT "v=DMARC1; p=reject"\n')
    for module in ("posting", "holding"):
        monkeypatch.setattr(f"mailcore.lists.{module}.get_names", lambda: zone)
    assert naming.get_names


def test_a_post_reaches_each_member_once() -> None:
    row = make_list()
    join(row, "ann@here.test", "bo@here.test")
    trace = send(letter("Ann <ann@here.test>"), sender="ann@here.test", origin=LOGIN)
    run()
    for one in ("ann@here.test", "bo@here.test", "olga@here.test"):
        assert len(inbox(one)) == 1
    copy = inbox("bo@here.test")[0].decode()
    assert re.match(r"Return-Path: <team-bounces\+[a-z2-7]{16}@here\.test>\r\n", copy)
    assert 'List-Id: "The Team" <team.here.test>' in copy
    assert "List-Post: <mailto:team@here.test>" in copy
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in copy
    assert "From: Ann <ann@here.test>" in copy
    post = Post.objects.get()
    assert (post.state, post.reached) == ("sent", 3)
    assert f"routed sent to 3 members of team@here.test as {post.trace_id}" in said(trace)
    assert any("Posted to team@here.test by ann@here.test" in line for line in said(post.trace_id))
    assert [entry.priority for entry in out_entries()] == [10]


def test_the_link_to_leave_is_each_members_own() -> None:
    row = make_list()
    join(row, "ann@here.test", "bo@here.test")
    send(letter("ann@here.test"), sender="ann@here.test", origin=LOGIN)
    run()
    links = {re.search(r"List-Unsubscribe: <(https://[^>]+)>", inbox(one)[0].decode())[1] for one in ("ann@here.test", "bo@here.test")}  # type: ignore[index]
    assert len(links) == 2


def test_a_stranger_is_held_and_the_moderators_are_told() -> None:
    row = make_list()
    trace = send(letter("zoe@far.test"))
    run()
    post = Post.objects.get()
    assert post.state == "held"
    assert post.reason == "zoe@far.test is not a member"
    assert any(line.startswith("held ") and "not a member" in line for line in said(trace))
    notice = inbox("olga@here.test")[0].decode()
    assert f"team-approve+{holding.token_of(post)}@here.test" in notice
    holding.approve(post, by="olga@here.test")
    fanning.run()
    run()
    assert "Subject: Hello" in inbox("olga@here.test")[1].decode()
    assert any("approved by olga@here.test" in line for line in said(trace))
    assert holding.held(row).count() == 0


def test_two_moderators_decide_once() -> None:
    make_list()
    send(letter("zoe@far.test"))
    run()
    post = Post.objects.get()
    holding.approve(post, by="olga@here.test")
    with pytest.raises(Exception, match="decided about already"):
        holding.reject(post, by="ann@here.test", reason="no")
    assert Post.objects.get().state == "sending"


@pytest.mark.parametrize(("outsiders", "verdict"), [("discard", "discarded"), ("reject", "failed")])
def test_what_becomes_of_strangers_is_chosen(outsiders: str, verdict: str) -> None:
    make_list(outsiders=outsiders)
    trace = send(letter("zoe@far.test"), sender="olga@here.test", origin=LOGIN)
    run()
    assert not Post.objects.exists()
    assert any(line.startswith(verdict) and "not a member" in line for line in said(trace))


def test_an_announcement_is_by_owners_who_are_proved() -> None:
    row = make_list(post_policy="announcement")
    join(row, "ann@here.test")
    send(letter("olga@here.test", number=1), sender="olga@here.test")
    send(letter("ann@here.test", number=2), sender="ann@here.test", origin=LOGIN)
    run()
    assert {post.state for post in Post.objects.all()} == {"held"}, "a From field alone makes nobody an owner"
    send(letter("olga@here.test", number=3), sender="olga@here.test", origin=LOGIN)
    run()
    assert "List-Post: NO" in inbox("ann@here.test")[0].decode()


def test_a_moderated_list_holds_its_members() -> None:
    row = make_list(post_policy="moderated")
    join(row, "ann@here.test")
    send(letter("ann@here.test"), sender="ann@here.test", origin=LOGIN)
    run()
    assert Post.objects.get().reason == "each post to this list is approved"


def test_a_forged_member_is_held(settings: object) -> None:
    from django.conf import settings as own

    row = make_list()
    roster.add(row=row, email="ann@strict.test")
    results = f"Authentication-Results: {own.FACTEUR.hostname}; dmarc=fail header.from=strict.test\r\n"
    send(letter("ann@strict.test", extra=results))
    run()
    assert Post.objects.get().reason == "nothing proves that it is from ann@strict.test"


@pytest.mark.parametrize(
    "extra",
    ["X-Loop: team@here.test\r\n", "List-Id: The Team <team.here.test>\r\n", "Auto-Submitted: auto-replied\r\n"],
)
def test_no_loops(extra: str) -> None:
    make_list(post_policy="open")
    trace = send(letter("zoe@far.test", extra=extra))
    run()
    assert not Post.objects.exists()
    assert any(line.startswith("discarded Not posted to team@here.test") for line in said(trace))


def test_a_report_is_no_post() -> None:
    make_list(post_policy="open")
    send(letter("mailer-daemon@far.test"), sender="")
    run()
    assert not Post.objects.exists()


def test_the_same_message_id_is_posted_once() -> None:
    make_list(post_policy="open")
    send(letter("zoe@far.test"))
    trace = send(letter("zoe@far.test"))
    run()
    assert len(inbox("olga@here.test")) == 1
    assert any("Message-ID came before" in line for line in said(trace))


def test_large_posts_and_many_addressees_are_held() -> None:
    make_list(post_policy="open", max_bytes=2_000)
    send(letter("zoe@far.test", number=1, body="x" * 3_000))
    send(letter("zoe@far.test", number=2, to=", ".join(f"p{number}@far.test" for number in range(60))))
    run()
    reasons = sorted(Post.objects.values_list("reason", flat=True))
    assert reasons == ["it is addressed to 60 addresses", "it is larger than 2000 octets"]


def test_options_of_members() -> None:
    row = make_list()
    join(row, "ann@here.test", own_posts=False)
    join(row, "bo@here.test", mode="nomail")
    join(row, "cy@here.test", mode="digest")
    send(letter("ann@here.test"), sender="ann@here.test", origin=LOGIN)
    run()
    assert [len(inbox(one)) for one in ("ann@here.test", "bo@here.test", "cy@here.test", "olga@here.test")] == [0, 0, 0, 1]


def test_an_enforcing_domain_is_spoken_for_by_the_list() -> None:
    make_list(post_policy="open", subject_prefix="[Team]")
    send(letter('"Zoe Z" <zoe@strict.test>', subject="Re: Plans", extra="DKIM-Signature: v=1; d=strict.test\r\n"))
    run()
    copy = inbox("olga@here.test")[0].decode()
    assert "From: Zoe Z via The Team <team@here.test>" in copy
    assert "Reply-To: Zoe Z <zoe@strict.test>" in copy
    assert "Subject: Re: [Team] Plans" in copy
    assert "DKIM-Signature: v=1; d=strict.test" not in copy


def test_nothing_else_is_changed() -> None:
    make_list(post_policy="open")
    raw = letter("zoe@far.test", extra="DKIM-Signature: v=1; d=far.test\r\nX-Own:  odd\t spacing\r\n", body="Body  as\r\nit is.")
    send(raw)
    run()
    assert inbox("olga@here.test")[0].endswith(raw)


def test_reply_to_the_list() -> None:
    make_list(post_policy="open", reply_to="list")
    send(letter("zoe@far.test", extra="Reply-To: other@far.test\r\n"))
    run()
    copy = inbox("olga@here.test")[0].decode()
    assert "Reply-To: The Team <team@here.test>" in copy
    assert "other@far.test" not in copy


def test_posts_are_filed() -> None:
    from mailcore.store.models import Message

    row = make_list(post_policy="open")
    make_mailbox("files@here.test")
    register.set_archive(list_id=row.pk, mailbox="files@here.test", folder="")
    send(letter("zoe@far.test"))
    run()
    assert Message.objects.filter(folder__name="Lists/team").count() == 1


class Died(Exception):
    pass


def test_a_worker_that_dies_half_way_doubles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    row = make_list(post_policy="open")
    lines = "\n".join(f"p{number}@far.test" for number in range(25))
    assert {line.outcome for line in roster.load(row=row, data=lines)} == {"made"}
    monkeypatch.setattr(fanning, "BATCH", 10)
    monkeypatch.setattr("mailcore.lists.receiving.SOON", 0)
    monkeypatch.setattr("mailcore.delivery.remote.deliver", lambda *args, **kwargs: None)
    send(letter("zoe@far.test"))
    run_once()
    post = Post.objects.get()
    whole = fanning.settlement.insert_recipients

    def die(*args: object, **kwargs: object) -> None:
        whole(*args, **kwargs)  # type: ignore[arg-type]
        raise Died

    assert fanning.step(post.pk, now=1_000)
    monkeypatch.setattr(fanning.settlement, "insert_recipients", die)
    with pytest.raises(Died):
        fanning.step(post.pk, now=1_000)
    monkeypatch.setattr(fanning.settlement, "insert_recipients", whole)
    stale = Post.objects.get()
    assert fanning.run(now=1_000) == 2
    with pytest.raises(fanning._Lost):
        fanning._move(stale, 10**6, 1)
    entry = Entry.objects.get(source="list")
    addresses = list(Recipient.objects.filter(entry=entry).values_list("address", flat=True))
    assert len(addresses) == len(set(addresses)) == Member.objects.count() == 26
    assert Post.objects.get().reached == 26


def run_once() -> None:
    from mailcore.delivery import drain
    from tests.lists.cast import NoNetwork

    drain.drain(owner="test", resolver=NoNetwork())


def test_a_post_taken_twice_is_one_post(monkeypatch: pytest.MonkeyPatch) -> None:
    from mailcore.delivery import settling

    make_list(post_policy="open")
    trace = send(letter("zoe@far.test"))
    whole = settling.settle
    calls = []

    def die(*args: object, **kwargs: object) -> int:
        calls.append(1)
        if len(calls) == 2:  # within the transaction that keeps the post
            raise Died
        return whole(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(settling, "settle", die)
    run_once()
    assert not Post.objects.exists()
    monkeypatch.setattr(settling, "settle", whole)
    Recipient.objects.update(next_attempt_at=0)
    run()
    assert Post.objects.get().source_trace == trace
    assert len(inbox("olga@here.test")) == 1

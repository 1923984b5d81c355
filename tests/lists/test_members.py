"""Joining, leaving, bouncing and digests: by mail, with what strangers may try."""

import re

import pytest

from mailcore.directory.faults import AlreadyExists, BadField
from mailcore.kernel.errors import Denied, Throttled
from mailcore.lists import bouncing, digests, fanning, keys, register, requests, roster, upkeep
from mailcore.lists.models import MailingList, Member, Post, Request
from mailcore.queue.models import Entry, Recipient
from tests.delivery.cast import make_mailbox
from tests.lists.cast import LOGIN, inbox, join, letter, make_list, run, said, send

pytestmark = pytest.mark.django_db
DAY = 86_400


def token_in(copy: bytes) -> str:
    found = re.search(rb"Reply-To: (\S+)", copy)
    assert found is not None
    return found[1].decode()


def test_joining_by_mail_takes_an_answer() -> None:
    row = make_list()
    make_mailbox("ann@here.test")
    send(letter("ann@here.test"), to="team-subscribe@here.test", sender="ann@here.test", origin=LOGIN)
    run()
    assert roster.find(row, "ann@here.test") is None
    confirm = token_in(inbox("ann@here.test")[0])
    assert confirm.startswith("team-confirm+")
    send(letter("ann@here.test", number=2), to=confirm, sender="ann@here.test", origin=LOGIN)
    run()
    assert roster.find(row, "ann@here.test") is not None
    assert b"Subject: Welcome to The Team" in inbox("ann@here.test")[1]


def test_leaving_by_mail_takes_an_answer() -> None:
    row = make_list()
    join(row, "ann@here.test")
    send(letter("ann@here.test"), to="team+unsubscribe@here.test", sender="ann@here.test", origin=LOGIN)
    run()
    assert roster.find(row, "ann@here.test") is not None
    send(letter("ann@here.test", number=2), to=token_in(inbox("ann@here.test")[0]), sender="ann@here.test", origin=LOGIN)
    run()
    assert roster.find(row, "ann@here.test") is None


def test_a_machine_confirms_nothing() -> None:
    row = make_list()
    make_mailbox("ann@here.test")
    requests.ask(row, email="ann@here.test", action="subscribe")
    token = requests.token_of(Request.objects.get())
    raw = letter("ann@here.test", extra="Auto-Submitted: auto-replied\r\n")
    send(raw, to=f"team-confirm+{token}@here.test", sender="ann@here.test")
    run()
    assert roster.find(row, "ann@here.test") is None


def test_tokens_are_made_here_once_and_run_out() -> None:
    row = make_list()
    other = register.create(address="other@here.test", title="Other")
    requests.ask(row, email="ann@far.test", action="subscribe", now=1_000)
    request = Request.objects.get()
    token = requests.token_of(request)
    forged = token[:-1] + ("a" if token[-1] != "a" else "b")
    for bad in (forged, "", "1", "x-y", f"{request.pk + 1}-{token.partition('-')[2]}", "9" * 40, f"{request.pk}-"):
        with pytest.raises(Denied):
            requests.confirm(row, bad, now=1_000)
    with pytest.raises(Denied):
        requests.confirm(other, token, now=1_000)
    with pytest.raises(Denied, match="run out"):
        requests.confirm(row, token, now=1_000 + requests.LIFETIME)
    assert "ann@far.test is on the list now" in requests.confirm(row, token, now=1_001)
    with pytest.raises(Denied, match="already"):
        requests.confirm(row, token, now=1_002)


def test_a_forged_confirmation_by_mail_is_returned() -> None:
    row = make_list()
    trace = send(letter("olga@here.test"), to="team-confirm+1-aaaaaaaaaaaaaaaa@here.test", sender="olga@here.test", origin=LOGIN)
    run()
    assert any("was not made here" in line for line in said(trace))
    assert row.members.count() == 1


def test_nobody_is_flooded() -> None:
    row = make_list()
    other = register.create(address="other@here.test", title="Other")
    for number in range(requests.MAX_A_DAY):
        requests.ask(row if number % 2 else other, email="victim@far.test", action="subscribe", now=1_000 + number)
    with pytest.raises(Throttled):
        requests.ask(row, email="Victim@FAR.test", action="unsubscribe", now=2_000)
    assert Recipient.objects.filter(address="victim@far.test").count() == requests.MAX_A_DAY
    requests.ask(row, email="victim@far.test", action="subscribe", now=1_000 + DAY + 10)


def test_a_flood_by_mail_ends_in_silence() -> None:
    make_list()
    for number in range(requests.MAX_A_DAY + 2):
        trace = send(letter("victim@far.test", number=number), to="team-subscribe@here.test", sender="victim@far.test")
    from mailcore.delivery import remote

    sent: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remote, "deliver", lambda leases, **more: sent.extend(lease.address for lease in leases))
        run()
    assert sent.count("victim@far.test") == requests.MAX_A_DAY
    assert any(line.startswith("discarded Not done") for line in said(trace))


def test_a_closed_list_is_joined_by_its_owners() -> None:
    row = make_list(join_policy="closed")
    with pytest.raises(Denied):
        requests.ask(row, email="ann@far.test", action="subscribe")


def test_what_is_answered_tells_nobody_who_is_a_member() -> None:
    row = make_list()
    requests.ask(row, email="olga@here.test", action="subscribe")
    requests.ask(row, email="zoe@far.test", action="subscribe")
    assert Request.objects.count() == 2


def test_the_link_of_a_copy_leaves_at_once() -> None:
    row = make_list()
    member = roster.add(row=row, email="ann@far.test")
    token = keys.leave_token(member.key)
    with pytest.raises(Denied):
        requests.leave(row, f"{member.key}.aaaaaaaaaaaaaaaa")
    assert requests.leave(row, token.upper()) == "ann@far.test"
    assert requests.leave(row, token) == ""


def report(recipient: str, *, status: str = "5.1.1", action: str = "failed") -> bytes:
    return (
        "From: mailer-daemon@far.test\r\nTo: x@here.test\r\nSubject: Undeliverable\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n'
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; far.test\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n\r\n--b--\r\n"
    ).encode()


def verp(member: Member) -> str:
    return f"team-bounces+{member.key}@here.test"


def test_a_bounce_counts_and_pauses() -> None:
    row = make_list(bounce_limit=2)
    member = roster.add(row=row, email="ann@far.test")
    send(report("somebody@else.test"), to=verp(member), sender="")
    run(now=None)
    member.refresh_from_db()
    assert (member.bounce_score, member.status) == (1.0, "active")
    send(report("ann@far.test"), to=verp(member), sender="")
    run()
    member.refresh_from_db()
    assert member.bounce_score == 1.0, "once a day"
    for day in (2, 3):
        member.refresh_from_db()
        bouncing.count(member, "hard", now=member.bounced_at + day * DAY)
    member.refresh_from_db()
    assert member.status == "paused"


def test_a_score_halves_every_week() -> None:
    row = make_list()
    member = roster.add(row=row, email="ann@far.test")
    bouncing.count(member, "hard", now=DAY)
    member.refresh_from_db()
    assert bouncing.score_at(member, now=8 * DAY) == 0.5


@pytest.mark.parametrize("sender", ["", "evil@far.test"])
def test_a_forged_bounce_counts_for_nobody(sender: str) -> None:
    row = make_list()
    member = roster.add(row=row, email="ann@far.test")
    send(report("ann@far.test"), to="team-bounces+aaaaaaaaaaaaaaaa@here.test", sender=sender)
    send(report("ann@far.test"), to="team-bounces@here.test", sender="")
    if sender:
        send(report("ann@far.test"), to=verp(member), sender=sender)
    run()
    member.refresh_from_db()
    assert member.bounce_score == 0


def test_a_delay_or_an_absence_is_no_bounce() -> None:
    row = make_list()
    member = roster.add(row=row, email="ann@far.test")
    send(report("ann@far.test", status="4.4.1", action="delayed"), to=verp(member), sender="")
    send(letter("ann@far.test", extra="Auto-Submitted: auto-replied\r\n"), to=verp(member), sender="")
    run()
    member.refresh_from_db()
    assert member.bounce_score == 0


def test_a_refusal_of_our_own_counts() -> None:
    row = make_list(post_policy="open")
    member = roster.add(row=row, email="nobody@here.test")
    send(letter("zoe@far.test"))
    run()
    member.refresh_from_db()
    assert member.bounce_score == 1.0


def test_a_paused_member_is_probed_resumes_or_goes() -> None:
    row = make_list()
    ann, bo = roster.add(row=row, email="ann@far.test"), roster.add(row=row, email="bo@far.test")
    Member.objects.filter(pk__in=[ann.pk, bo.pk]).update(status="paused")
    now = 100 * DAY
    upkeep.run(now=now)
    assert list(Member.objects.filter(status="paused").values_list("probes", flat=True)) == [1, 1]
    upkeep.run(now=now + DAY)
    token = requests.token_of(Request.objects.get(email="ann@far.test"))
    assert Entry.objects.filter(sender=verp(ann)).count() == 1
    requests.confirm(row, token, now=now + DAY)
    ann.refresh_from_db()
    assert (ann.status, ann.bounce_score) == ("active", 0)
    for week in (1, 2, 3):
        upkeep.run(now=now + week * 7 * DAY)
    assert not Member.objects.filter(pk=bo.pk).exists()
    assert Member.objects.filter(pk=ann.pk).exists()


def test_a_digest_holds_the_posts_of_a_day() -> None:
    row = make_list(post_policy="open")
    join(row, "cy@here.test", mode="digest")
    for number in (1, 2):
        send(letter("zoe@far.test", subject=f"News {number}", number=number))
    run()
    assert inbox("cy@here.test") == []
    MailingList.objects.update(digested_at=0)
    upkeep.run(now=Post.objects.latest("id").at)
    upkeep.run()
    run()
    digest = inbox("cy@here.test")
    assert len(digest) == 1
    assert b"multipart/digest" in digest[0]
    assert b"Subject: News 1" in digest[0] and b"Subject: News 2" in digest[0]
    assert len(inbox("olga@here.test")) == 2
    MailingList.objects.update(digested_at=0)
    assert digests.run() == 0, "nothing new"


def test_ten_thousand_members_in_small_transactions() -> None:
    row = make_list(post_policy="open")
    report = roster.load(row=row, data="\n".join(f"p{number}@far.test" for number in range(10_000)))
    assert sum(line.outcome == "made" for line in report) == 10_000
    send(letter("zoe@far.test"))
    from mailcore.delivery import drain
    from tests.lists.cast import NoNetwork

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mailcore.delivery.remote.deliver", lambda *args, **more: None)
        drain.drain(owner="test", resolver=NoNetwork())
    assert Post.objects.get().reached == 4 * fanning.BATCH, "the rest waits for the next ring"
    fanning.run()
    assert Post.objects.get().reached == 10_001
    assert Entry.objects.filter(source="list").count() == 1
    assert Recipient.objects.filter(entry__source="list").count() == 10_001


def test_members_from_lines() -> None:
    row = make_list()
    text = 'email,name\nann@far.test,Ann\n"Bo B" <bo@far.test>\n\nno address\nANN@far.test\nolga@here.test\n'
    lines = roster.load(row=row, data=text)
    assert [(line.number, line.outcome) for line in lines] == [(2, "made"), (3, "made"), (5, "failed"), (6, "failed"), (7, "there")]
    assert roster.find(row, "bo@far.test").name == "Bo B"  # type: ignore[union-attr]
    before = row.members.count()
    roster.load(row=row, data="dry@far.test", is_dry=True)
    assert row.members.count() == before


@pytest.mark.parametrize("address", ["team-owner@here.test", "x" * 60 + "@here.test", "no address", "team@nowhere.test"])
def test_names_no_list_can_have(address: str) -> None:
    make_list()
    with pytest.raises(BadField):
        register.create(address=address)


def test_settings_are_checked() -> None:
    row = make_list()
    for bad in ({"post_policy": "x"}, {"max_bytes": 5}, {"subject_prefix": "a\r\nBcc: x@y.z"}, {"bounce_limit": 0}, {"title": ""}):
        with pytest.raises(BadField):
            register.change(list_id=row.pk, **bad)
    with pytest.raises(AlreadyExists):
        register.create(address="team@here.test")
    with pytest.raises(AlreadyExists):
        roster.add(row=row, email="OLGA@here.test")
    with pytest.raises(BadField):
        roster.add(row=row, email="team@here.test")


def test_mail_to_the_owners_goes_to_them() -> None:
    make_list()
    send(letter("zoe@far.test"), to="team-owner@here.test")
    run()
    assert len(inbox("olga@here.test")) == 1


@pytest.mark.parametrize("command", ["approve", "reject", "discard"])
def test_moderating_by_mail(command: str) -> None:
    make_list()
    send(letter("zoe@far.test"))
    run()
    notice = inbox("olga@here.test")[0].decode().replace("=\r\n", "")
    address = re.search(rf"team-{command}\+\S+@here\.test", notice)
    assert address is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mailcore.delivery.remote.deliver", lambda *args, **more: None)
        send(letter("olga@here.test", number=9, body="Off topic.\r\n> quoted"), to=address[0], sender="olga@here.test", origin=LOGIN)
        run()
    post = Post.objects.get()
    assert post.state == {"approve": "sent", "reject": "rejected", "discard": "discarded"}[command]
    assert post.decided_by == "olga@here.test"
    if command == "reject":
        assert post.reason == "Off topic."
        assert Recipient.objects.filter(address="zoe@far.test").count() == 1


def test_a_forged_decision_is_refused() -> None:
    make_list()
    send(letter("zoe@far.test"))
    run()
    number = Post.objects.get().pk
    send(letter("olga@here.test", number=8), to=f"team-approve+{number}-aaaaaaaaaaaaaaaa@here.test", sender="olga@here.test", origin=LOGIN)
    run()
    assert Post.objects.get().state == "held"

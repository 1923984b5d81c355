"""Policies, quarantine, reports and sessions in the panel: what each shows, changes and keeps from whom."""

import time

import pytest
from directory.cast import Cast
from django.contrib.sessions.models import Session
from django.test import Client

from mailcore.audit.models import Event
from mailcore.filtering.models import Level, PolicyRule, Suspicion
from mailcore.filtering.policy import levels, lists, shelf
from mailcore.queue import journey
from mailcore.queue.journey import Stage, Step
from mailcore.queue.models import Entry, Recipient, State
from mailcore.store import blobs
from mailcore.trust.models import ReceivedReport, ReportedRow

from .test_panel import as_, entry

RAW = b"From: x@far.test\r\nSubject: Your invoice\r\nX-Odd: <script>\r\n\r\nSecret words\r\n"


@pytest.fixture(autouse=True)
def _no_memory() -> None:
    shelf.forget()


@pytest.fixture
def root(cast: Cast) -> Client:
    return as_(cast.root)


@pytest.fixture
def bo(cast: Cast) -> Client:
    return as_(cast.bo.user)


def text_of(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def hold(trace_id: str, to: tuple[str, ...] = ("ann@example.test",)) -> Entry:
    made = entry(trace_id, to=to)
    Entry.objects.filter(pk=made.pk).update(is_held=True, blob_id=blobs.put(RAW))
    steps = [Step(trace_id, 1, Stage.CHECKED, text="attachments: a program"), Step(trace_id, 1, Stage.HELD, text="held by the rule lists")]
    journey.record(steps)
    return made


class TestPolicies:
    def test_the_level_that_wins_is_shown(self, root: Client, bo: Client) -> None:
        levels.put(owner="system", name="spam_junk", value=6)
        levels.put(owner="domain:example.test", name="spam_junk", value=4)
        page = text_of(bo, "/panel/policies?for=ann@example.test")
        assert '<td class="num" data-label="What holds">4</td><td data-label="Set by"><span class="mono">example.test</span>' in page
        assert '<td class="num" data-label="What holds">6</td><td data-label="Set by">The server' in text_of(root, "/panel/policies")

    def test_limits_are_set_and_given_back_all_or_none(self, root: Client) -> None:
        bad = root.post("/panel/policies/limits", {"for": "example.test", "spam_junk": "3", "spam_refuse": "-1"})
        assert bad.status_code == 200 and 'role="alert"' in bad.content.decode()
        assert not Level.objects.exists()
        root.post("/panel/policies/limits", {"for": "example.test", "spam_junk": "3", "login_messages_day": "0"})
        assert dict(Level.objects.values_list("name", "value")) == {"spam_junk": 3, "login_messages_day": 0}
        assert Event.objects.get(action="filter.limited", object_name="spam_junk").after == {"value": 3}
        root.post("/panel/policies/limits", {"for": "example.test"})
        assert not Level.objects.exists()

    def test_what_a_domain_may_send_is_the_server_s_to_say(self, cast: Cast, bo: Client) -> None:
        refused = bo.post("/panel/policies/limits", {"for": "example.test", "login_messages_day": "9"})
        assert refused.status_code == 403
        more = bo.post("/panel/policies/limits", {"for": "ann@example.test", "login_messages_day": "9000"})
        assert "No more than 3000" in more.content.decode()
        unlimited = bo.post("/panel/policies/limits", {"for": "ann@example.test", "login_messages_day": "0"})
        assert "No more than 3000" in unlimited.content.decode()
        assert not Level.objects.exists()
        bo.post("/panel/policies/limits", {"for": "ann@example.test", "login_messages_day": "10"})
        assert levels.find("login_messages_day", (f"mailbox:{cast.ann.id}",)).value == 10

    def test_lists_of_others_are_out_of_reach(self, bo: Client) -> None:
        for name in ("other.test", "cy@other.test"):
            assert bo.get(f"/panel/policies?for={name}").status_code == 404
            assert bo.post("/panel/policies/lines", {"for": name, "pattern": "x.test", "act": "refuse"}).status_code == 404
        assert bo.post("/panel/policies/lines", {"for": "server", "pattern": "x.test", "act": "refuse"}).status_code == 403
        assert not PolicyRule.objects.exists()

    def test_a_line_is_added_overrides_and_goes(self, root: Client) -> None:
        lists.put(owner="system", pattern="far.test", act="refuse")
        root.post("/panel/policies/lines", {"for": "example.test", "pattern": "Far.test", "act": "accept", "note": "<b>ours</b>"})
        page = text_of(root, "/panel/policies?for=example.test")
        assert page.count("A nearer list says otherwise") == 1
        assert "&lt;b&gt;ours&lt;/b&gt;" in page
        root.post("/panel/policies/lines/remove", {"for": "example.test", "pattern": "far.test"})
        assert list(PolicyRule.objects.values_list("owner", flat=True)) == ["system"]

    def test_a_wrong_line_is_said_beside_its_field(self, root: Client) -> None:
        page = root.post("/panel/policies/lines", {"for": "", "pattern": "not an address", "act": "refuse"}).content.decode()
        assert 'id="id_pattern_error"' in page
        held = root.post("/panel/policies/lines", {"for": "ann@example.test", "pattern": "x.test", "act": "hold"}).content.decode()
        assert 'id="id_act_error"' in held


class TestQuarantine:
    def test_a_domain_administrator_sees_and_releases_their_own(self, bo: Client) -> None:
        hold("ours")
        hold("theirs", to=("cy@other.test",))
        page = text_of(bo, "/panel/quarantine")
        assert "Your invoice" in page
        assert "held by the rule lists" in page and "theirs" not in page
        assert bo.get("/panel/quarantine/theirs").status_code == 404
        assert bo.post("/panel/quarantine/theirs/release").status_code == 404
        bo.post("/panel/quarantine/ours/release")
        assert dict(Entry.objects.values_list("trace_id", "is_held")) == {"ours": False, "theirs": True}

    def test_the_head_is_shown_the_text_is_not_and_who_looked_is_kept(self, root: Client) -> None:
        hold("ours")
        page = text_of(root, "/panel/quarantine/ours")
        for words in ("Your invoice", "X-Odd: &lt;script&gt;", "attachments: a program", "held by the rule lists"):
            assert words in page
        assert "Secret words" not in page
        assert Event.objects.get(action="queue.looked").object_name == "ours"

    def test_deleting_tells_nobody(self, root: Client) -> None:
        hold("ours")
        root.post("/panel/quarantine/ours/delete")
        assert set(Recipient.objects.values_list("state", flat=True)) == {State.CANCELLED}
        assert Entry.objects.count() == 1
        assert "Nothing is held" in text_of(root, "/panel/quarantine")

    def test_what_is_not_held_is_not_deleted_here(self, root: Client) -> None:
        entry("ours")
        assert root.post("/panel/quarantine/ours/delete").status_code == 404
        assert set(Recipient.objects.values_list("state", flat=True)) == {State.QUEUED}

    def test_a_suspect_is_cleared_and_its_mail_sent_in_one_go(self, cast: Cast, root: Client) -> None:
        hold("ours")
        Entry.objects.update(user_id=cast.ann.user_id)
        journey.record([Step("ours", 1, Stage.HELD, text="held, because ann@example.test is suspected: it sends to many")])
        Suspicion.objects.create(user_id=cast.ann.user_id or 0, login="ann@example.test", reason="it sends to many", at=1)
        assert "Clear and send its mail" in text_of(root, "/panel/quarantine")
        root.post("/panel/quarantine/clear", {"release": "ann@example.test"})
        assert not Suspicion.objects.exists() and not Entry.objects.get().is_held

    def test_a_suspect_is_cleared_by_who_looks_after_it(self, cast: Cast, bo: Client) -> None:
        for box in (cast.ann, cast.cy):
            assert box.user_id is not None
            Suspicion.objects.create(user_id=box.user_id, login=str(box.address), reason="it sends to many", at=int(time.time()))
        page = text_of(bo, "/panel/quarantine")
        assert "ann@example.test" in page and "cy@other.test" not in page
        assert bo.post("/panel/quarantine/clear", {"login": "cy@other.test"}).status_code == 404
        bo.post("/panel/quarantine/clear", {"login": "ann@example.test"})
        assert list(Suspicion.objects.values_list("login", flat=True)) == ["cy@other.test"]


class TestReports:
    @pytest.fixture
    def reports(self, cast: Cast) -> list[ReceivedReport]:
        now = int(time.time())
        made = []
        for kind, domain in (("dmarc", "example.test"), ("tls", "example.test"), ("dmarc", "other.test")):
            span = {"begins_at": now - 86_400, "ends_at": now, "received_at": now}
            report = ReceivedReport.objects.create(kind=kind, domain=domain, reporter="far.test", report_id=domain, good=97, bad=3, **span)
            ReportedRow.objects.create(report=report, source="192.0.2.7", result="none", is_good=False, count=3, note="<i>x</i>")
            made.append(report)
        return made

    def test_they_are_drawn_and_listed_for_the_own_domains(self, reports: list[ReceivedReport], bo: Client) -> None:
        page = text_of(bo, "/panel/reports")
        assert "3 messages in the name of example.test did not pass" in page
        assert "97 of 100 messages passed: 97.0 %." in page
        assert page.count("<rect") == 2 and "192.0.2.7" in page and "other.test" not in page
        assert "3 sessions to example.test" in text_of(bo, "/panel/reports?domain=example.test&kind=tls&days=7")
        assert "in the name of example.test" in text_of(bo, "/panel/reports?domain=other.test&kind=dmarc&days=nonsense&before=x")

    def test_one_report_and_nobody_else_s(self, reports: list[ReceivedReport], bo: Client) -> None:
        assert "&lt;i&gt;x&lt;/i&gt;" in text_of(bo, f"/panel/reports/{reports[0].pk}")
        text_of(bo, f"/panel/reports/{reports[2].pk}", 404)

    def test_without_any_it_says_where_they_come_from(self, root: Client) -> None:
        assert "No reports yet" in text_of(root, "/panel/reports")


class TestSessions:
    def test_a_browser_is_seen_and_signed_out(self, cast: Cast, root: Client) -> None:
        person = Client(headers={"user-agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"})
        assert person.post("/login", {"login": "ann@example.test", "password": "correct horse 7"}).status_code == 302
        page = text_of(root, f"/panel/mailboxes/{cast.ann.id}")
        assert "Firefox, Linux" in page
        number = page.partition('name="session" value="')[2].partition('"')[0]
        before = Session.objects.count()
        root.post(f"/panel/mailboxes/{cast.ann.id}/session", {"session": number})
        assert Session.objects.count() == before - 1
        event = Event.objects.get(action="session.ended")
        assert (event.object_name, event.before["browser"], event.actor) == ("ann@example.test", "Firefox, Linux", "admin")
        assert person.get("/mail/").url.startswith("/login")  # type: ignore[attr-defined]

    def test_nobody_else_s(self, cast: Cast, bo: Client) -> None:
        assert bo.post(f"/panel/mailboxes/{cast.cy.id}/session", {"session": "1"}).status_code == 404
        assert bo.post(f"/panel/mailboxes/{cast.ann.id}/session", {"session": "999999"}).status_code == 404

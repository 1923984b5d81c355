"""The panel's working pages: pictures, search, many at once, import and export, the audit log, keys, hooks, rehearsal."""

import time

import pytest
from directory.cast import PASSWORD, Cast
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from admin_panel import charts, csvimport, flow
from mailcore.audit.models import Event
from mailcore.directory import aliases, keys, mailboxes, users
from mailcore.directory.access import actor_of
from mailcore.directory.authentication import authenticate
from mailcore.directory.models import ApiKey, Mailbox, User
from mailcore.history import points
from mailcore.kernel.principal import Service
from mailcore.queue import journey
from mailcore.queue.journey import Step
from mailcore.queue.models import Entry, Recipient
from mailcore.store import blobs, contents
from mailcore.webhooks.models import Endpoint
from tests.builders import message

from .test_panel import as_, entry


@pytest.fixture
def root(cast: Cast) -> Client:
    return as_(cast.root)


@pytest.fixture
def bo(cast: Cast) -> Client:
    return as_(cast.bo.user)


def text_of(client: Client, address: str) -> str:
    return client.get(address).content.decode()


class TestOverview:
    def test_the_server_s_numbers_come_from_the_history(self, root: Client) -> None:
        points.sample(now=int(time.time()), counts={"accepted:smtp": 1_234, "refused:NotFound": 7, "logins:ok": 3, "logins:denied": 2})
        text = text_of(root, "/panel/")
        for words in ("1,234", "No such address", "2 wrong passwords"):
            assert words in text
        for period in ("week", "month", "nonsense"):
            assert "1,234" in text_of(root, f"/panel/?period={period}")

    def test_a_domain_s_numbers_come_from_its_journeys(self, cast: Cast, bo: Client) -> None:
        now = int(time.time())
        journey.record(
            [
                Step("a", now, "received", "submission", 250, "", "ann@example.test", "example.test"),
                Step("a", now, "sent", "sent", 250, "", "x@far.test", "far.test"),
                Step("b", now, "received", "smtp", 250, "", "ann@example.test", "example.test"),
                *(Step(f"c{number}", now, "delivered", "", 250, "", "ann@example.test", "example.test") for number in range(3)),
                Step("d", now, "delivered", "", 250, "", "cy@other.test", "other.test"),
            ]
        )
        assert cast.bo.user is not None
        figures = {figure.name: figure.value for figure in flow.look(actor_of(cast.bo.user), period="day").figures}
        assert figures == {"Into mailboxes": "3", "Sent": "1", "Returned": "0"}
        assert "3 in, 1 out" in text_of(bo, "/panel/")

    def test_it_stays_when_there_is_nothing(self, root: Client) -> None:
        Mailbox.objects.all().delete()
        assert "No mail in this period yet" in text_of(root, "/panel/")


class TestCharts:
    @pytest.mark.parametrize(
        ("number", "top"), [(0, 4), (3, 4), (4, 4), (5, 6), (23, 30), (61, 80), (1_233, 1_600), (4_000_000, 4_000_000)]
    )
    def test_the_axis_ends_at_a_round_number(self, number: int, top: int) -> None:
        assert charts.ceiling(number) == top

    def test_bars_stand_upon_each_other_and_inside_the_picture(self) -> None:
        found = charts.stack(([4, 0, 10], [6, 0, 0], [0, 0, 2]))
        assert [(bar.kind, bar.x < charts.WIDTH) for bar in found.bars] == [(1, True), (2, True), (1, True), (3, True)]
        assert all(0 <= bar.y <= charts.HEIGHT and bar.height > 0 for bar in found.bars)
        assert charts.stack(()).bars == ()

    def test_a_curve_of_nothing_lies_on_the_ground(self) -> None:
        assert charts.curve([0, 0, 0]).line == "M0.0 176.0 360.0 176.0 720.0 176.0"


class TestQueue:
    @pytest.fixture(autouse=True)
    def mail(self, cast: Cast) -> None:
        for number in range(3):
            entry(f"mine{number}", sender="ann@example.test", to=(f"x{number}@slow.test",), source="submission")
        entry("theirs", to=("cy@other.test",))

    def test_what_is_ticked(self, bo: Client) -> None:
        bo.post("/panel/queue/act", {"action": "hold", "pick": ["mine0", "mine1"]})
        assert set(Entry.objects.filter(is_held=True).values_list("trace_id", flat=True)) == {"mine0", "mine1"}

    def test_all_that_a_search_finds_within_reach(self, bo: Client) -> None:
        answer = bo.post("/panel/queue/act", {"action": "cancel", "all": "1", "q": "", "state": "active"}, follow=True)
        assert "3 messages cancelled" in answer.content.decode()
        assert Recipient.objects.get(entry__trace_id="theirs").state == "queued"

    def test_of_another_domain_nothing(self, bo: Client) -> None:
        answer = bo.post("/panel/queue/act", {"action": "cancel", "pick": ["theirs"]}, follow=True)
        assert "1 could not be" in answer.content.decode()
        assert Recipient.objects.get(entry__trace_id="theirs").state == "queued"

    @pytest.mark.parametrize("values", [{}, {"action": "hold"}, {"action": "burn", "all": "1"}, {"action": "hold", "pick": ["x" * 99]}])
    def test_nothing_ticked_does_nothing(self, root: Client, values: dict[str, str]) -> None:
        assert "tick some messages" in root.post("/panel/queue/act", values, follow=True).content.decode()
        assert not Entry.objects.filter(is_held=True).exists()

    def test_destinations_with_their_last_answer(self, root: Client, bo: Client) -> None:
        Recipient.objects.filter(destination="slow.test").update(attempts=2, last_text="451 come again")
        assert "4 recipients wait for 2 destinations" in text_of(root, "/panel/queue")
        text = text_of(bo, "/panel/queue")
        assert ("slow.test" in text, "451 come again" in text, "other.test" in text) == (True, True, False)


class TestJourneys:
    def test_by_what_is_known(self, cast: Cast, root: Client, bo: Client) -> None:
        entry("ours", sender="x@far.test", to=("ann@example.test",))
        entry("theirs", sender="x@far.test", to=("cy@other.test",))
        assert "2 messages" in text_of(root, "/panel/journey?sender=X@far.test")
        assert "1 message," in text_of(bo, "/panel/journey?sender=x@far.test")
        assert "theirs" not in text_of(bo, "/panel/journey?sender=x@far.test")
        assert "ours" in text_of(root, "/panel/journey?sender=x@far.test&recipient=ann@example.test")
        assert "Nothing is known" in text_of(root, "/panel/journey?recipient=ann@example.test&since=2030-01-01")
        assert "Enter a valid date" in text_of(root, "/panel/journey?recipient=ann@example.test&since=soon")

    def test_by_words_of_the_subject(self, root: Client) -> None:
        raw = message(subject="The Wednesday proofs", message_id="<proofs@far.test>")
        blob_id = blobs.put(raw)
        contents.save(contents.derive_missing([blob_id])[1])
        journey.record([Step("p1", int(time.time()), "received", "smtp", 250, "", "x@far.test", "far.test", "proofs@far.test")])
        assert "p1" in text_of(root, "/panel/journey?subject=wednesday")
        assert "Nothing is known" in text_of(root, "/panel/journey?subject=thursday")

    def test_a_rehearsal(self, root: Client, bo: Client) -> None:
        assert "It would be taken" in text_of(root, "/panel/route?sender=x@far.test&recipient=ann@example.test")
        assert "It would be refused" in text_of(bo, "/panel/route?sender=x@far.test&recipient=nobody@example.test")
        assert bo.get("/panel/route?sender=x@far.test&recipient=cy@other.test").status_code == 404
        assert "This field is required" in text_of(root, "/panel/route?sender=x@far.test")


CSV = """address;name;quota;password
dee@example.test;Dee;2G;correct horse 7
ann@example.test;;;
eve@other.test;Eve;;
DEE@example.test;;;
;;;
bad;;;
"""


class TestImport:
    def test_a_dry_run_and_then_the_real_one(self, bo: Client) -> None:
        file = SimpleUploadedFile("people.csv", CSV.encode("utf-16"))
        text = bo.post("/panel/mailboxes/import", {"file": file}).content.decode()
        assert "1 would be made, 1 are there, 3 cannot be made" in text
        assert not Mailbox.objects.filter(address__local="dee").exists()
        done = bo.post("/panel/mailboxes/import", {"text": CSV, "do": "1"}).content.decode()
        assert "1 made, 1 were there, 3 not made" in done
        box = mailboxes.get(address="dee@example.test")
        assert (box.quota_bytes, box.user and box.user.shown_name) == (2_000_000_000, "Dee")
        assert authenticate(login="dee@example.test", secret=PASSWORD, service=Service.IMAP, peer="")
        assert not Mailbox.objects.filter(address__local="eve").exists()
        assert "0 made, 2 were there" in bo.post("/panel/mailboxes/import", {"text": CSV, "do": "1"}).content.decode()

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"", "Choose a file"),
            (b"\0\1\2", "no CSV file"),
            (b"name,quota\nx,1\n", "no column `address`"),
            (b'"a@example.test\n', "cannot be read as CSV"),
        ],
    )
    def test_what_is_no_csv(self, root: Client, data: bytes, words: str) -> None:
        file = SimpleUploadedFile("x.csv", data)
        assert words in root.post("/panel/mailboxes/import", {"file": file} if data else {"text": " "}).content.decode()

    @pytest.mark.parametrize(
        ("data", "addresses"),
        [
            ("E-Mail,Name\r\na@example.test,Ä\r\n".encode("cp1252"), ["a@example.test"]),
            ("\ufeffaddress\tname\na@example.test\tb\n".encode(), ["a@example.test"]),
            (b"a@example.test\nb@example.test\n", ["a@example.test", "b@example.test"]),
            (b'"a@example.test","Lee, Ann"\n', ["a@example.test"]),
        ],
    )
    def test_what_spreadsheets_write(self, cast: Cast, data: bytes, addresses: list[str]) -> None:
        report = csvimport.load(actor_of(cast.root), data=data, is_dry=True)
        assert [(line.address, line.outcome) for line in report.lines] == [(address, "made") for address in addresses]

    def test_a_sheet_that_comes_back_runs_no_formula(self, cast: Cast, root: Client) -> None:
        mailboxes.set_shown_name(mailbox_id=cast.ann.id, shown_name='=HYPERLINK("http://evil.test","x")')
        text = b"".join(root.get("/panel/mailboxes/export").streaming_content).decode()  # type: ignore[attr-defined]
        assert "\"'=HYPERLINK" in text
        lines = text.splitlines()
        assert (lines[0], len(lines)) == ("address,name,quota,state", 4)
        again = csvimport.load(actor_of(cast.root), data=text.encode(), is_dry=False)
        assert (again.there, again.failed) == (3, 0)

    def test_the_export_holds_what_is_within_reach(self, bo: Client) -> None:
        text = b"".join(bo.get("/panel/mailboxes/export").streaming_content).decode()  # type: ignore[attr-defined]
        assert ("ann@example.test" in text, "other.test" in text) == (True, False)


class TestRecords:
    def test_the_audit_log_says_who_and_what(self, cast: Cast, bo: Client) -> None:
        bo.post(f"/panel/mailboxes/{cast.ann.id}", {"shown_name": "Ann A.", "quota_bytes": "1"})
        event = Event.objects.filter(object_name="ann@example.test").latest("id")
        assert (event.actor, event.via, event.peer) == ("bo@example.test", "panel", "127.0.0.1")
        text = text_of(bo, "/panel/audit?q=ann@example.test&kind=mailbox")
        assert "Ann A." in text
        assert "1 GB" in text
        assert "other.test" not in text_of(bo, "/panel/audit")

    def test_a_key_with_all_its_limits(self, cast: Cast, bo: Client) -> None:
        values = {"name": "sync", "scopes": ["mailboxes:read"], "days": "30", "domains": "example.test", "networks": "192.0.2.0/24"}
        assert "Copy the key now" in bo.post("/panel/keys", values).content.decode()
        key = ApiKey.objects.get()
        assert (key.networks, key.is_limited, key.domains.get().name) == ("192.0.2.0/24", True, "example.test")
        assert key.expires_at is not None
        for wrong, words in (({"networks": "home"}, "not an address"), ({"domains": "other.test"}, "not a domain you look after")):
            assert words in bo.post("/panel/keys", values | wrong).content.decode()
        assert ApiKey.objects.count() == 1

    def test_webhooks(self, cast: Cast, bo: Client, root: Client) -> None:
        assert (
            "Copy the secret now"
            in bo.post("/panel/webhooks", {"url": "https://hooks.example.com/", "kinds": ["mailbox"]}).content.decode()
        )
        endpoint = Endpoint.objects.get()
        assert endpoint.domains == "example.test"
        bo.post(f"/panel/webhooks/{endpoint.pk}/switch")
        endpoint.refresh_from_db()
        assert not endpoint.is_enabled
        assert "private network" in root.post("/panel/webhooks", {"url": "https://10.0.0.1/", "kinds": ["mailbox"]}).content.decode()
        bo.post(f"/panel/webhooks/{endpoint.pk}/remove")
        assert not Endpoint.objects.exists()

    def test_administrators(self, cast: Cast, root: Client) -> None:
        root.post("/panel/administrators", {"login": "second", "password": PASSWORD})
        second = User.objects.get(login="second")
        assert second.role == User.Role.ROOT
        root.post(f"/panel/administrators/{second.id}/remove")
        assert not User.objects.filter(id=second.id).exists()
        root.post(f"/panel/administrators/{cast.bo.user_id}/remove")
        assert User.objects.get(id=cast.bo.user_id).role == User.Role.USER
        answer = root.post(f"/panel/administrators/{cast.root.id}/remove", follow=True)
        assert "last administrator" in answer.content.decode()

    def test_app_passwords_and_sessions(self, cast: Cast, bo: Client) -> None:
        assert cast.ann.user_id is not None
        users.add_app_password(user_id=cast.ann.user_id, name="Phone", services=(Service.IMAP,))
        held = users.list_app_passwords(user_id=cast.ann.user_id)[0]
        assert "Phone" in text_of(bo, f"/panel/mailboxes/{cast.ann.id}")
        before = User.objects.get(id=cast.ann.user_id).auth_version
        bo.post(f"/panel/mailboxes/{cast.ann.id}/sign-out")
        assert User.objects.get(id=cast.ann.user_id).auth_version > before
        bo.post(f"/panel/mailboxes/{cast.ann.id}/app-password", {"app_password": held.id})
        assert users.list_app_passwords(user_id=cast.ann.user_id) == []
        answer = bo.post(f"/panel/mailboxes/{cast.ann.id}/app-password", {"app_password": "x"}, follow=True)
        assert "whole number" in answer.content.decode()


def test_searching_addresses_by_how_they_begin(cast: Cast, root: Client) -> None:
    aliases.create(address="team@example.test", targets=("ann@example.test",))
    keys.create(owner=cast.root, name="k", scopes=("domains:read",))
    for page, question, found, missing in (
        ("mailboxes", "ann@", "ann@example.test", "cy@other.test"),
        ("mailboxes", "@other.test", "cy@other.test", "ann@example.test"),
        ("aliases", "team@exam", "team@example.test", "No alias"),
        ("aliases", "ann@example", "team@example.test", "No alias"),
        ("domains", "other", "other.test", "example.test</a>"),
    ):
        text = text_of(root, f"/panel/{page}?q={question}")
        assert (found in text, missing in text) == (True, False), (page, question)

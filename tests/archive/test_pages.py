"""The pages: what people see of the archive, what they may do, and whose it is."""

import io
import zipfile
from typing import Any

import pytest
from directory.cast import Cast, make_cast
from django.test import Client
from django.urls import reverse

from mailcore.archive import levels, undeleting
from mailcore.archive.models import Beginning, Hold, Level, Record, Removal, Rewind
from mailcore.audit.models import Event
from mailcore.directory import cache
from mailcore.directory.models import Mailbox
from mailcore.kernel.ids import MailboxId
from mailcore.store.mailstore import LocalMailStore
from mailcore.store.models import Message

from .cast import expunge, put, send, subjects

pytestmark = pytest.mark.django_db
BACKEND = "mailcore.directory.backends.DirectoryBackend"


@pytest.fixture
def cast() -> Cast:
    cache.clear()
    return make_cast()


@pytest.fixture
def store(cast: Cast) -> LocalMailStore:
    return LocalMailStore(MailboxId(cast.ann.pk))


def as_(who: Any) -> Client:
    client = Client()
    client.force_login(who.user if isinstance(who, Mailbox) else who, backend=BACKEND)
    return client


def text(response: Any) -> str:
    return str(response.content.decode())


def test_the_owner_searches_and_restores(cast: Cast, store: LocalMailStore) -> None:
    ann = as_(cast.ann)
    assert "Nothing to bring back" in text(ann.get("/mail/deleted"))
    expunge(store, put(store, "Lunch <b>"), put(store, "Tea"))
    page = text(ann.get("/mail/deleted"))
    assert "Lunch &lt;b&gt;" in page and "Tea" in page and "30 days" in page
    page = text(ann.get("/mail/deleted?q=tea"))
    assert "Lunch" not in page and "Tea" in page
    tea = undeleting.list_removed(mailbox_id=store.mailbox_id, search="tea").rows[0].id
    assert ann.post("/mail/deleted/restore", {"pick": [tea], "folder": ""}).status_code == 302
    assert subjects(store) == ["Tea"]
    assert "1 message is back" in text(ann.get("/mail/deleted"))
    ann.post("/mail/deleted/restore", {"all": "1", "folder": "Archive"})
    assert subjects(store, "Archive") == ["Lunch <b>"]
    assert list(Event.objects.filter(action="archive.restored").values_list("via", "actor_id").distinct()) == [
        ("webmail", cast.ann.user_id)
    ]


@pytest.mark.parametrize(("data", "status"), [({}, 400), ({"pick": ["x"]}, 400), ({"pick": ["999999"]}, 404)])
def test_nothing_ticked_and_things_that_are_not_there(cast: Cast, store: LocalMailStore, data: dict[str, Any], status: int) -> None:
    assert as_(cast.ann).post("/mail/deleted/restore", data).status_code == status


def test_nobody_restores_anothers(cast: Cast, store: LocalMailStore) -> None:
    expunge(store, put(store, "Private"))
    cy = as_(cast.cy)
    assert "Private" not in text(cy.get("/mail/deleted"))
    assert cy.post("/mail/deleted/restore", {"pick": [Removal.objects.get().pk]}).status_code == 404
    assert as_(cast.bo).get(f"{reverse('panel:archive-mail')}?address=cy@other.test").status_code == 422


def test_the_owner_goes_back_and_takes_it_back(cast: Cast, store: LocalMailStore) -> None:
    ann = as_(cast.ann)
    Beginning.objects.update(at=0)
    uid = put(store, "Lunch")
    Message.objects.update(savedate=1_700_000_000)
    expunge(store, uid)
    at = Removal.objects.get().at
    Removal.objects.update(at=at)
    assert ann.get("/mail/rewind").status_code == 200
    assert ann.get("/mail/rewind?moment=soon").status_code == 422
    assert ann.get("/mail/rewind?moment=2001-01-01").status_code == 422
    from datetime import UTC, datetime

    moment = datetime.fromtimestamp(at - 5, UTC).isoformat()
    page = text(ann.get("/mail/rewind", {"moment": moment}))
    assert "This would change" in page
    assert ann.post("/mail/rewind/apply", {"moment": moment, "folder": ""}).status_code == 302
    assert subjects(store) == ["Lunch"]
    row = Rewind.objects.get()
    assert row.actor == "ann@example.test"
    assert as_(cast.cy).post(f"/mail/rewind/{row.pk}/undo").status_code == 404
    assert ann.post(f"/mail/rewind/{row.pk}/undo").status_code == 302
    assert subjects(store) == []
    assert ann.post("/mail/rewind/apply", {"moment": "nonsense"}).status_code == 422


def test_an_administrator_helps_and_the_owner_sees_it(cast: Cast, store: LocalMailStore) -> None:
    expunge(store, put(store, "Lunch"))
    bo = as_(cast.bo)
    page = text(bo.get(reverse("panel:archive-mail"), {"address": "ann@example.test"}))
    assert "Lunch" in page
    bo.post(reverse("panel:archive-mail-act", args=[store.mailbox_id, "restore"]), {"pick": [Removal.objects.get().pk]})
    assert subjects(store) == ["Lunch"]
    seen = text(as_(cast.ann).get("/mail/deleted"))
    assert "What administrators did here" in seen and "Messages restored: 1" in seen and "Looked at the deleted messages" in seen
    assert "bo@example.test" in seen


def test_faults_of_the_panels_forms_are_shown(cast: Cast, store: LocalMailStore) -> None:
    root = as_(cast.root)
    for address in ("nobody@example.test", "ann"):
        assert root.get(reverse("panel:archive-mail"), {"address": address}).status_code == 422
    assert root.get(reverse("panel:archive-mail"), {"address": "ann@example.test", "moment": "x"}).status_code == 422
    act = reverse("panel:archive-mail-act", args=[store.mailbox_id, "restore"])
    assert "Tick some messages first" in text(root.post(act, {}, follow=True))
    undo = reverse("panel:archive-mail-act", args=[store.mailbox_id, "undo"])
    assert "There is no such rewind" in text(root.post(undo, {"rewind": "7"}, follow=True))


def test_holds_are_placed_and_released(cast: Cast) -> None:
    root, bo = as_(cast.root), as_(cast.bo)
    address = reverse("panel:archive-holds")
    assert bo.post(address, {"name": "All"}).status_code == 422
    assert bo.post(address, {"name": "Theirs", "scope": "other.test"}).status_code == 422
    assert bo.post(address, {"name": "", "scope": "example.test"}).status_code == 422
    assert bo.post(address, {"name": "X", "scope": "example.test", "since": "soon"}).status_code == 422
    assert not Hold.objects.exists()
    assert bo.post(address, {"name": "Case 7", "scope": "ann@example.test", "since": "2026-01-01"}).status_code == 302
    root.post(address, {"name": "Everything"})
    assert "Case 7" in text(bo.get(address)) and "Everything" not in text(bo.get(address))
    everything = Hold.objects.get(name="Everything").pk
    assert bo.post(reverse("panel:archive-release", args=[everything])).status_code == 404
    root.post(reverse("panel:archive-release", args=[everything]))
    assert Hold.objects.get(pk=everything).released_at is not None


def test_periods_are_set_and_taken_back(cast: Cast) -> None:
    root, bo = as_(cast.root), as_(cast.bo)
    address = reverse("panel:archive-periods")
    assert "Junk" not in text(bo.get(address)) and "This server" in text(root.get(address))
    assert bo.post(address, {"owner": "other.test", "name": "junk_days", "value": "1"}).status_code == 422
    assert bo.post(address, {"owner": "", "name": "junk_days", "value": "1"}).status_code in (200, 403)
    assert bo.post(address, {"owner": "example.test", "name": "junk_days", "value": "x"}).status_code == 422
    assert bo.post(address, {"owner": "ann@example.test", "name": "journal", "value": "1"}).status_code == 422
    assert not Level.objects.exists()
    assert bo.post(address, {"owner": "example.test", "name": "junk_days", "value": "7"}).status_code == 302
    assert Level.objects.get().value == 7
    bo.post(address, {"owner": "example.test", "name": "junk_days", "value": ""})
    assert not Level.objects.exists()


def test_the_journal_is_searched_opened_handed_out_and_verified(cast: Cast) -> None:
    for name in ("example.test", "other.test"):
        levels.put(owner=f"domain:{name}", name="journal", value=1)
    send("ann@example.test", "hidden@example.test", subject="Ours")
    send("cy@other.test", subject="Theirs")
    bo = as_(cast.bo)
    index = reverse("panel:archive")
    assert "other.test" not in text(bo.get(index))
    page = text(bo.get(index, {"domain": "", "words": "ours"}))
    assert "Ours" in page and "hidden@example.test" in page
    assert "Theirs" not in text(bo.get(index, {"domain": ""}))
    assert bo.get(index, {"domain": "other.test"}).status_code == 404
    assert bo.get(index, {"domain": "", "since": "soon"}).status_code == 422
    ours, theirs = Record.objects.get(domain="example.test"), Record.objects.get(domain="other.test")
    assert "hidden@example.test" in text(bo.get(reverse("panel:archive-record", args=[ours.pk])))
    raw = bo.get(reverse("panel:archive-record", args=[ours.pk]), {"raw": "1"})
    assert raw["Content-Type"] == "message/rfc822" and raw["Content-Disposition"].startswith("attachment")
    assert bo.get(reverse("panel:archive-record", args=[theirs.pk])).status_code == 404
    answer = bo.post(reverse("panel:archive-export"), {"domain": "example.test"})
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:  # type: ignore[attr-defined]
        assert archive.namelist() == ["example.test/00000001.eml", "manifest.json"]
    assert bo.post(reverse("panel:archive-export"), {"domain": "other.test"}).status_code == 404
    assert "is whole" in text(bo.post(reverse("panel:archive-verify"), {"domain": "example.test"}, follow=True))
    assert "Choose a domain" in text(bo.post(reverse("panel:archive-verify"), {"domain": "other.test"}, follow=True))


def test_what_the_bin_held_when_it_was_emptied_is_there(cast: Cast, store: LocalMailStore) -> None:
    put(store, "Thrown away", "Trash")
    ann = as_(cast.ann)
    assert ann.post("/mail/Trash/empty", follow=True).status_code == 200
    assert subjects(store, "Trash") == []
    assert "Thrown away" in text(ann.get("/mail/deleted"))
    assert "/mail/deleted" in text(ann.get("/mail/Trash/")) and "/mail/deleted" in text(ann.get("/mail/folders"))


def test_the_pages_speak_french(cast: Cast, store: LocalMailStore) -> None:
    expunge(store, put(store, "Lunch"))
    page = text(as_(cast.ann).get("/mail/deleted", HTTP_ACCEPT_LANGUAGE="fr"))
    assert "Messages supprimés" in page and "Restaurer" in page
    fault = as_(cast.ann).get("/mail/rewind?moment=demain", HTTP_ACCEPT_LANGUAGE="fr")
    assert "Ce n&#x27;est pas une date" in text(fault)

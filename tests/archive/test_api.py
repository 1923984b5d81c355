"""The archive by the REST API, from the caller's side."""

from datetime import UTC, datetime
from typing import Any

import pytest
from api.test_api import Caller
from directory.cast import Cast, make_cast

from mailcore.archive import levels
from mailcore.archive.models import Beginning, Removal
from mailcore.audit.models import Event
from mailcore.directory import cache
from mailcore.kernel.ids import MailboxId
from mailcore.store.mailstore import LocalMailStore
from mailcore.store.models import Message

from .cast import expunge, put, send, subjects

pytestmark = [pytest.mark.django_db, pytest.mark.urls("api.routes")]


@pytest.fixture
def cast() -> Cast:
    cache.clear()
    return make_cast()


@pytest.fixture
def bo(cast: Cast) -> Caller:
    assert cast.bo.user is not None
    return Caller(cast.bo.user)


def test_deleted_mail_is_listed_and_restored_once(cast: Cast, bo: Caller) -> None:
    store = LocalMailStore(MailboxId(cast.ann.pk))
    expunge(store, put(store, "Lunch"), put(store, "Tea"))
    status, page = bo("GET", "archive/deleted?address=ann@example.test&search=tea")
    assert status == 200 and [row["subject"] for row in page["results"]] == ["Tea"]
    ids = [page["results"][0]["id"]]
    assert bo("POST", "archive/deleted/restore", {"address": "ann@example.test", "ids": ids}) == (200, {"restored": 1})
    assert bo("POST", "archive/deleted/restore", {"address": "ann@example.test", "ids": ids})[0] == 404
    assert bo("POST", "archive/deleted/restore", {"address": "ann@example.test", "folder": "Saved"}) == (200, {"restored": 1})
    assert (subjects(store), subjects(store, "Saved")) == (["Tea"], ["Lunch"])
    assert Event.objects.filter(action="archive.restored", object_name="ann@example.test", via="api").count() == 2


def test_the_journal_holds_and_periods(cast: Cast, bo: Caller) -> None:
    levels.put(owner="domain:example.test", name="journal", value=1)
    send("ann@example.test", "hidden@example.test")
    page = bo("GET", "archive/journal?who=hidden")[1]
    assert page["results"][0]["recipients"] == ["ann@example.test", "hidden@example.test"] and page["next"] is None
    assert bo("GET", "archive/journal?since=soon")[0] == 400
    assert bo("GET", "archive/journal/verify")[1]["results"][0]["faults"] == []
    status, hold = bo("POST", "archive/holds", {"name": "Case 7", "scope": "example.test", "since": "2026-01-01T00:00:00Z"})
    assert (status, hold["since"][:10], hold["released_at"]) == (201, "2026-01-01", None)
    assert bo("POST", f"archive/holds/{hold['id']}/release")[1]["released_by"]
    assert bo("POST", f"archive/holds/{hold['id']}/release")[0] == 409
    found = bo("PUT", "archive/periods", {"owner": "ann@example.test", "name": "junk_days", "value": 3})[1]
    assert {"name": "junk_days", "value": 3, "set_by": "mailbox"} in found["results"]
    found = bo("PUT", "archive/periods", {"owner": "ann@example.test", "name": "junk_days", "value": None})[1]
    assert {"name": "junk_days", "value": 30, "set_by": ""} in found["results"]
    assert bo("PUT", "archive/periods", {"owner": "ann@example.test", "name": "nonsense", "value": 1})[0] == 400


def test_a_mailbox_goes_back_and_forth(cast: Cast, bo: Caller) -> None:
    store = LocalMailStore(MailboxId(cast.ann.pk))
    Beginning.objects.update(at=0)
    uid = put(store, "Lunch")
    Message.objects.update(savedate=1_700_000_000)
    expunge(store, uid)
    moment = datetime.fromtimestamp(Removal.objects.get().at - 5, UTC).isoformat()
    ask: dict[str, Any] = {"address": "ann@example.test", "moment": moment}
    assert bo("POST", "archive/rewind", ask)[1] == {
        "rewind_id": None, "restored": 1, "moved": 0, "reflagged": 0, "new": 0, "lost": 0,
    }  # fmt: skip
    assert subjects(store) == []
    done = bo("POST", "archive/rewind", {**ask, "apply": True})[1]
    assert (done["restored"], subjects(store)) == (1, ["Lunch"])
    undo = {"address": "ann@example.test", "rewind_id": done["rewind_id"]}
    assert bo("POST", "archive/rewind/undo", undo)[0] == 200
    assert subjects(store) == []
    assert bo("POST", "archive/rewind/undo", undo)[0] == 409
    assert bo("POST", "archive/rewind", {**ask, "moment": "2001-01-01T00:00:00Z"})[0] == 400

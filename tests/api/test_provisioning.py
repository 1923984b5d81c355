"""Programs that keep a directory in step: keys sent again, versions, natural keys, batches, imports, hooks, rates."""

import json
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from directory.cast import PASSWORD, Cast
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from admin_panel.api import rates
from mailcore import meters
from mailcore.audit.models import Event
from mailcore.directory import aliases, keys, mailboxes, manymailboxes
from mailcore.directory.authentication import authenticate
from mailcore.directory.models import ApiKey, AppPassword, Domain, Mailbox, Replay, User
from mailcore.directory.passwords import hash_password
from mailcore.kernel.principal import Service
from mailcore.queue.models import Entry, Recipient
from mailcore.webhooks.models import Delivery, Endpoint

from .test_api import Caller

pytestmark = pytest.mark.urls("api.routes")


@pytest.fixture
def root(cast: Cast) -> Caller:
    return Caller(cast.root)


def send(caller: Caller, method: str, path: str, body: object = None, **headers: str) -> Any:
    data = "" if body is None else json.dumps(body)
    return caller.client.generic(method, f"/api/v1/{path}", data, "application/json", headers=headers)


class TestSentAgain:
    def test_the_work_is_done_once(self, root: Caller) -> None:
        body = {"address": "dee@example.test", "password": PASSWORD}
        first = send(root, "POST", "mailboxes", body, **{"Idempotency-Key": "k1"})
        again = send(root, "POST", "mailboxes", body, **{"Idempotency-Key": "k1"})
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        assert (again.headers["Idempotent-Replay"], again.headers["Location"]) == ("true", first.headers["Location"])
        assert Mailbox.objects.filter(address__local="dee").count() == 1

    def test_the_same_key_for_something_else_is_refused(self, root: Caller) -> None:
        send(root, "POST", "domains", {"name": "one.test"}, **{"Idempotency-Key": "k1"})
        answer = send(root, "POST", "domains", {"name": "two.test"}, **{"Idempotency-Key": "k1"})
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
        assert not Domain.objects.filter(name="two.test").exists()

    def test_keys_of_others_are_others(self, cast: Cast, root: Caller) -> None:
        other = Caller(cast.root)
        send(root, "POST", "domains", {"name": "one.test"}, **{"Idempotency-Key": "k1"})
        assert send(other, "POST", "domains", {"name": "two.test"}, **{"Idempotency-Key": "k1"}).status_code == 201

    def test_what_failed_is_tried_anew(self, cast: Cast, root: Caller) -> None:
        body = {"address": "x@example.test", "targets": ["x@example.test"]}
        assert send(root, "POST", "aliases", body, **{"Idempotency-Key": "k1"}).status_code == 409
        assert not Replay.objects.exists()

    def test_a_secret_is_not_kept_for_a_replay(self, cast: Cast, root: Caller) -> None:
        path, body = f"mailboxes/{cast.ann.id}/app-passwords", {"name": "phone", "services": ["imap"]}
        first = send(root, "POST", path, body, **{"Idempotency-Key": "k1"}).json()
        again = send(root, "POST", path, body, **{"Idempotency-Key": "k1"}).json()
        assert again == first | {"secret": None}
        assert AppPassword.objects.count() == 1
        assert authenticate(login="ann@example.test", secret=first["secret"], service=Service.IMAP, peer="").mailbox_id == cast.ann.id


class TestVersions:
    def test_a_change_on_an_old_version_is_refused(self, cast: Cast, root: Caller) -> None:
        path = f"mailboxes/{cast.ann.id}"
        seen = send(root, "GET", path).headers["ETag"]
        changed = send(root, "PATCH", path, {"shown_name": "Ann A."}, **{"If-Match": seen})
        assert (changed.status_code, changed.headers["ETag"] != seen) == (200, True)
        for method, body in (("PATCH", {"shown_name": "Late"}), ("DELETE", None)):
            answer = send(root, method, path, body, **{"If-Match": seen})
            assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
        assert mailboxes.get_by_id(mailbox_id=cast.ann.id).user.shown_name == "Ann A."  # type: ignore[union-attr]
        assert send(root, "PATCH", path, {"shown_name": "B"}, **{"If-Match": "*"}).status_code == 200

    def test_what_is_the_same_is_not_sent_again(self, cast: Cast, root: Caller) -> None:
        seen = send(root, "GET", f"domains/{cast.example.id}").headers["ETag"]
        answer = send(root, "GET", f"domains/{cast.example.id}", **{"If-None-Match": f'"x", W/{seen}'})
        assert (answer.status_code, answer.content) == (304, b"")


class TestNaturalKeys:
    def test_a_domain(self, root: Caller) -> None:
        for status, limits in ((201, {"max_mailboxes": 5}), (200, {"max_mailboxes": 5}), (200, {})):
            answer = send(root, "PUT", "domains/by-name/New.test", limits)
            assert (answer.status_code, answer.json()["max_mailboxes"]) == (status, limits.get("max_mailboxes", 0))
        assert send(root, "GET", "domains/by-name/new.test").json()["name"] == "new.test"
        assert send(root, "PUT", "domains/by-name/off.test", {"is_active": False}).json()["is_active"] is False
        assert send(root, "GET", "domains/by-name/unknown.test").status_code == 404

    def test_a_mailbox(self, cast: Cast, root: Caller) -> None:
        path = "mailboxes/by-address/Dee@example.test"
        made = send(root, "PUT", path, {"password": PASSWORD, "shown_name": "Dee", "state": "receive_only"})
        assert (made.status_code, made.json()["state"]) == (201, "receive_only")
        same = send(root, "PUT", path, {"shown_name": "Dee", "state": "receive_only"})
        assert (same.status_code, same.json()) == (200, made.json())
        assert authenticate(login="dee@example.test", secret=PASSWORD, service=Service.IMAP, peer="")
        assert send(root, "PUT", path, {}).json() | {"shown_name": "", "state": "active"} == send(root, "GET", path).json()

    def test_an_alias(self, root: Caller) -> None:
        path = "aliases/by-address/team@example.test"
        assert send(root, "PUT", path, {"targets": ["ann@example.test"], "is_enabled": False}).status_code == 201
        answer = send(root, "PUT", path, {"targets": ["bo@example.test"]})
        assert (answer.status_code, answer.json()["targets"], answer.json()["is_enabled"]) == (200, ["bo@example.test"], True)

    def test_a_put_that_changes_nothing_leaves_no_trace(self, root: Caller) -> None:
        send(root, "PUT", "aliases/by-address/team@example.test", {"targets": ["ann@example.test"]})
        before = Event.objects.count()
        send(root, "PUT", "aliases/by-address/team@example.test", {"targets": ["ann@example.test"]})
        assert Event.objects.count() == before


class TestMailboxes:
    def test_delay_restore_rename_sign_out(self, cast: Cast, root: Caller) -> None:
        path = f"mailboxes/{cast.ann.id}"
        closed = send(root, "DELETE", f"{path}?after_days=14").json()
        assert (closed["state"], closed["remove_at"] is not None) == ("removing", True)
        assert send(root, "POST", f"{path}/restore").json()["state"] == "active"
        assert send(root, "POST", f"{path}/rename", {"address": "anna@example.test"}).json()["address"] == "anna@example.test"
        assert aliases.get(address="ann@example.test")
        assert send(root, "POST", f"{path}/rename", {"address": "bo@example.test"}).status_code == 409
        assert send(root, "POST", f"{path}/sign-out").status_code == 204
        assert send(root, "DELETE", f"{path}?after_days=999").json()["errors"][0]["field"] == "after_days"

    def test_a_hash_in_place_of_a_password(self, root: Caller) -> None:
        encoded = hash_password(PASSWORD).removeprefix("argon2")
        assert send(root, "POST", "mailboxes", {"address": "dee@example.test", "password_hash": encoded}).status_code == 201
        assert authenticate(login="dee@example.test", secret=PASSWORD, service=Service.IMAP, peer="")
        answer = send(root, "POST", "mailboxes", {"address": "eve@example.test", "password_hash": "plain"})
        assert answer.json()["errors"][0]["field"] == "password_hash"


class TestBatch:
    OPERATIONS: ClassVar = [
        {"method": "POST", "path": "mailboxes", "body": {"address": "one@example.test", "password": PASSWORD}},
        {"method": "POST", "path": "mailboxes", "body": {"address": "ann@example.test"}},
        {"method": "PUT", "path": "/api/v1/aliases/by-address/a@example.test", "body": {"targets": ["one@example.test"]}},
    ]

    def test_each_has_its_own_answer(self, root: Caller) -> None:
        answer = send(root, "POST", "batch", {"operations": self.OPERATIONS}).json()
        assert (answer["failed"], [one["status"] for one in answer["results"]]) == (1, [201, 409, 201])
        assert answer["results"][1]["body"]["code"] == "already_exists"
        assert answer["results"][0]["headers"]["Location"].startswith("/api/v1/mailboxes/")
        assert authenticate(login="one@example.test", secret=PASSWORD, service=Service.IMAP, peer="")

    def test_all_or_none(self, root: Caller) -> None:
        before = Event.objects.count()
        answer = send(root, "POST", "batch", {"operations": self.OPERATIONS, "atomic": True}).json()
        assert [one["status"] for one in answer["results"]] == [424, 409, 424]
        assert not Mailbox.objects.filter(address__local="one").exists()
        assert Event.objects.count() == before

    def test_sent_again(self, root: Caller) -> None:
        first = send(root, "POST", "batch", {"operations": self.OPERATIONS[:1]}, **{"Idempotency-Key": "b"})
        again = send(root, "POST", "batch", {"operations": self.OPERATIONS[:1]}, **{"Idempotency-Key": "b"})
        assert (first.json(), again.headers["Idempotent-Replay"]) == (again.json(), "true")

    def test_each_call_needs_its_scope(self, cast: Cast) -> None:
        answer = send(Caller(cast.root, "aliases:write"), "POST", "batch", {"operations": self.OPERATIONS}).json()
        assert [one["status"] for one in answer["results"]] == [403, 403, 201]

    @pytest.mark.parametrize(
        ("operation", "status"),
        [
            ({"method": "POST", "path": "batch", "body": {}}, 400),
            ({"method": "GET", "path": "nowhere"}, 404),
            ({"method": "POST", "path": "mailboxes", "body": {"address": "x@example.test", "password": "short"}}, 400),
            ({"method": "POST", "path": "mailboxes", "body": "text"}, 400),
            ({"method": "DELETE", "path": "aliases"}, 405),
        ],
    )
    def test_what_cannot_be_called(self, root: Caller, operation: dict[str, Any], status: int) -> None:
        answer = send(root, "POST", "batch", {"operations": [operation]}).json()
        assert answer["results"][0]["status"] == status

    @staticmethod
    def make_many(count: int, *, domain: str = "example.test") -> list[dict[str, Any]]:
        encoded = hash_password(PASSWORD).removeprefix("argon2")
        bodies = [{"address": f"m{n}@{domain}", "password_hash": encoded, "shown_name": f"M {n}"} for n in range(count)]
        return [{"method": "POST", "path": "mailboxes", "body": body} for body in bodies]

    def test_new_mailboxes_in_a_row_take_the_queries_of_one(self, root: Caller) -> None:
        counts = []
        send(root, "GET", "me")  # the first use of a key is noted with it
        for number in (5, 50):
            operations = self.make_many(number, domain="example.test" if number == 5 else "other.test")
            with CaptureQueriesContext(connection) as caught:
                answer = send(root, "POST", "batch", {"operations": operations}).json()
            assert (answer["failed"], len(answer["results"])) == (0, number)
            counts.append(len(caught))
        assert counts[0] == counts[1] <= 25
        assert Mailbox.objects.filter(address__local__startswith="m").count() == 55
        assert Event.objects.filter(action="mailbox.created", object_name="m7@other.test").count() == 1

    def test_many_at_once_leave_what_one_leaves(self, root: Caller) -> None:
        Endpoint.objects.create(owner_id=1, url="https://hook.test/", kinds="mailbox", sealed_secret="-", created_at=0)
        operations = self.make_many(3)
        alone = send(root, "POST", "mailboxes", operations[0]["body"])
        answer = send(root, "POST", "batch", {"operations": operations[1:]}).json()["results"][0]
        assert answer["headers"] == {
            "Location": answer["headers"]["Location"],
            "ETag": send(root, "GET", f"mailboxes/{answer['body']['id']}").headers["ETag"],
        }
        assert answer["body"].keys() == alone.json().keys()
        assert authenticate(login="m1@example.test", secret=PASSWORD, service=Service.IMAP, peer="")
        told = [json.loads(one.body) for one in Delivery.objects.order_by("id")]
        assert [(one["type"], one["data"]["name"]) for one in told] == [("mailbox.created", f"m{n}@example.test") for n in range(3)]
        events = list(Event.objects.filter(action="mailbox.created", object_name__startswith="m").order_by("id"))
        assert {(one.actor, one.via, bool(one.request_id)) for one in events} == {(events[0].actor, "api", True)}

    def test_what_stands_against_one_is_said_of_that_one(self, root: Caller) -> None:
        operations = self.make_many(4)
        operations[1]["body"]["address"] = "m0@example.test"
        operations.insert(2, {"method": "POST", "path": "mailboxes", "body": {"address": "bad"}})
        operations.append({"method": "POST", "path": "mailboxes", "body": {"address": "x@unknown.test"}})
        answer = send(root, "POST", "batch", {"operations": operations}).json()
        assert [one["status"] for one in answer["results"]] == [201, 409, 400, 201, 201, 400]

    def test_the_limit_of_a_domain_holds_in_a_batch(self, cast: Cast, root: Caller) -> None:
        Domain.objects.filter(id=cast.example.id).update(max_mailboxes=4)
        answer = send(root, "POST", "batch", {"operations": self.make_many(4)}).json()
        assert [one["status"] for one in answer["results"]] == [201, 201, 409, 409]

    def test_another_process_that_was_quicker(self, root: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
        # What stands against it is seen by nobody before the rows are written.
        monkeypatch.setattr(manymailboxes, "list_clear", lambda wanted: {new.address.folded for new in wanted})
        operations = self.make_many(2)
        operations[1]["body"]["address"] = "ann@example.test"
        answer = send(root, "POST", "batch", {"operations": operations}).json()
        assert [one["status"] for one in answer["results"]] == [201, 409]

    def test_it_is_bounded(self, root: Caller) -> None:
        assert send(root, "POST", "batch", {"operations": self.OPERATIONS[:1] * 101}).status_code == 400


class TestKeys:
    def test_a_key_gives_no_more_than_it_has(self, cast: Cast) -> None:
        caller = Caller(cast.root, "keys:write", "keys:read", "domains:read", domains=(cast.example,))
        wanted = {"name": "child", "scopes": ["domains:read"]}
        child = send(caller, "POST", "keys", wanted).json()
        assert child["domains"] == ["example.test"]
        assert keys.open_key(child["key"]).domain_names == {"example.test"}
        assert send(caller, "POST", "keys", wanted | {"scopes": ["mailboxes:write"]}).status_code == 403
        assert send(caller, "POST", "keys", wanted | {"domains": ["other.test"]}).status_code == 400
        ApiKey.objects.filter(name="test").update(networks="127.0.0.0/8")
        assert send(caller, "POST", "keys", wanted | {"networks": ["0.0.0.0/0"]}).status_code == 403
        assert send(caller, "POST", "keys", wanted).json()["networks"] == ["127.0.0.0/8"]
        assert send(caller, "DELETE", f"keys/{child['id']}").status_code == 204

    def test_a_key_of_certain_networks(self, cast: Cast) -> None:
        _, text = keys.create(owner=cast.root, name="k", scopes=("domains:read",), networks=("192.0.2.0/24",))
        client = Client(headers={"Authorization": f"Bearer {text}"})
        assert client.get("/api/v1/domains", REMOTE_ADDR="192.0.2.9").status_code == 200
        assert client.get("/api/v1/domains", REMOTE_ADDR="198.51.100.9").status_code == 401

    def test_me(self, cast: Cast) -> None:
        assert cast.bo.user is not None
        assert send(Caller(cast.bo.user, "queue:read"), "GET", "me").json() == {
            "name": "bo@example.test (key test)", "is_root": False, "domains": ["example.test"], "scopes": ["queue:read"],
        }  # fmt: skip


class TestAdministrators:
    def test_roles(self, cast: Cast, root: Caller) -> None:
        path = "administrators/ann@example.test"
        made = send(root, "PUT", path, {"role": "domain_admin", "domains": ["other.test"]}).json()
        assert (made["role"], made["domains"]) == ("domain_admin", ["other.test"])
        rows = send(root, "GET", "administrators").json()["results"]
        assert {row["login"] for row in rows} == {"admin", "bo@example.test", "ann@example.test"}
        assert send(root, "PUT", path, {"role": "domain_admin"}).status_code == 400
        assert send(root, "PUT", path, {"role": "domain_admin", "domains": ["unknown.test"]}).status_code == 400
        assert send(root, "DELETE", path).status_code == 204
        assert send(root, "GET", path).status_code == 404
        assert send(root, "DELETE", "administrators/admin").status_code == 409
        assert send(root, "POST", "administrators", {"login": "second", "password": PASSWORD}).status_code == 201
        assert User.objects.filter(role=User.Role.ROOT).count() == 2


class TestQueue:
    @pytest.fixture(autouse=True)
    def entries(self, cast: Cast) -> None:
        for number in range(3):
            entry = Entry.objects.create(
                trace_id=f"t{number}", sender="news@far.test", blob_id=1, size=1, source="smtp", received_at=1, expires_at=9
            )
            Recipient.objects.create(
                entry=entry,
                address=f"x{number}@slow.test",
                destination="slow.test",
                next_attempt_at=1,
                attempts=number,
                last_text="451 later",
            )

    def test_many_at_once(self, root: Caller) -> None:
        answer = send(root, "POST", "queue/act", {"action": "hold", "search": "slow.test"}).json()
        assert answer == {"done": 3, "failed": []}
        assert Entry.objects.filter(is_held=True).count() == 3
        answer = send(root, "POST", "queue/act", {"action": "cancel", "trace_ids": ["t0", "gone"]}).json()
        assert (answer["done"], [one["trace_id"] for one in answer["failed"]]) == (1, ["gone"])
        assert send(root, "POST", "queue/act", {"action": "cancel"}).status_code == 400

    def test_destinations(self, root: Caller) -> None:
        (row,) = send(root, "GET", "destinations").json()["results"]
        assert (row["domain"], row["recipients"], row["tried"], row["last_text"]) == ("slow.test", 3, 2, "451 later")


class TestOthers:
    def test_what_would_happen(self, cast: Cast, root: Caller) -> None:
        aliases.create(address="team@example.test", targets=("ann@example.test", "out@far.test"))
        answer = send(root, "GET", "route?sender=x@far.test&recipient=team@example.test").json()
        assert (answer["verdict"], [step["what"] for step in answer["steps"]]) == ("accepted", ["accepted", "alias", "mailbox", "remote"])

    def test_the_audit_log(self, cast: Cast, root: Caller) -> None:
        send(root, "PATCH", f"mailboxes/{cast.ann.id}", {"state": "suspended"})
        rows = send(root, "GET", "audit?search=ann@example.test&limit=1").json()
        (row,) = rows["results"]
        assert (row["action"], row["via"], row["actor"], row["after"]) == (
            "mailbox.changed", "api", "admin (key test)", {"state": "suspended"},
        )  # fmt: skip
        assert row["request_id"]
        assert rows["next"] == str(row["id"])

    def test_an_import(self, cast: Cast, root: Caller) -> None:
        text = "address;name;quota\ndee@example.test;Dee;2G\nann@example.test;;\nbad;;\n"
        for is_dry, count in ((True, 0), (False, 1)):
            answer = send(root, "POST", "imports", {"csv": text, "dry_run": is_dry}).json()
            assert (answer["made"], answer["there"], answer["failed"]) == (1, 1, 1)
            assert Mailbox.objects.filter(address__local="dee", quota_bytes=2 * 10**9).count() == count

    def test_webhooks(self, cast: Cast, root: Caller) -> None:
        made = send(root, "POST", "webhooks", {"url": "https://hooks.example.com/x", "kinds": ["mailbox"]}).json()
        path = f"webhooks/{made['id']}"
        assert send(root, "PATCH", path, {"kinds": ["alias", "domain"]}).json()["kinds"] == ["alias", "domain"]
        assert send(root, "POST", f"{path}/rotate").json()["secret"] != made["secret"]
        aliases.create(address="team@example.test", targets=("ann@example.test",))
        (row,) = send(root, "GET", f"{path}/deliveries").json()["results"]
        assert (row["kind"], row["state"]) == ("alias.created", "waiting")
        assert send(root, "POST", f"{path}/deliveries/{row['id']}/again").status_code == 204
        assert send(root, "POST", "webhooks", {"url": "https://10.0.0.1/", "kinds": ["*"]}).status_code == 400
        assert send(root, "DELETE", path).status_code == 204
        assert not Endpoint.objects.exists()

    def test_who_asks_too_often_is_told_when_to_come_back(self, cast: Cast, root: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
        meters.forget()
        # A clock that stands: on a busy machine the bucket would fill as fast as it is emptied.
        monkeypatch.setattr(meters, "time", SimpleNamespace(monotonic=lambda: 0.0))
        statuses = [send(root, "DELETE", "aliases/999").status_code for _ in range(rates.WRITES.at_once + 2)]
        assert (statuses[0], statuses[-1]) == (404, 429)
        answer = send(root, "DELETE", "aliases/999")
        assert (int(answer.headers["Retry-After"]) >= 1, answer.json()["code"]) == (True, "throttled")
        assert send(root, "GET", "aliases").status_code == 200

    def test_every_answer_has_an_id_that_the_problem_repeats(self, root: Caller) -> None:
        answer = send(root, "GET", "domains/999")
        assert answer.headers["Request-Id"] == answer.json()["request_id"] != ""

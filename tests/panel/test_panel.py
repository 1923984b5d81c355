"""The panel: who may open what, and that each form does what it says."""

import pytest
from directory.cast import PASSWORD, Cast
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from admin_panel.pages.mailboxes import LEDGER as MAILBOXES
from admin_panel.urls import urlpatterns
from mailcore.directory import aliases, domains, keys, mailboxes
from mailcore.directory.authentication import authenticate
from mailcore.directory.models import Address, ApiKey, Domain, Mailbox, User
from mailcore.kernel.principal import Service
from mailcore.queue.models import Entry, JourneyEvent, Recipient
from mailcore.webhooks import endpoints
from mailcore.webhooks.models import Endpoint

BACKEND = "mailcore.directory.backends.DirectoryBackend"


def entry(trace_id: str, *, sender: str = "x@far.test", to: tuple[str, ...] = ("ann@example.test",), source: str = "smtp") -> Entry:
    made = Entry.objects.create(
        trace_id=trace_id, sender=sender, blob_id=1, size=100, source=source, received_at=1_700_000_000, expires_at=1_800_000_000
    )
    JourneyEvent.objects.create(
        trace_id=trace_id, at=1, stage="received", verdict=source, address=sender, domain=sender.partition("@")[2], message_id=trace_id
    )
    for address in to:
        domain = address.partition("@")[2]
        Recipient.objects.create(entry=made, address=address, destination=domain, next_attempt_at=1_700_000_000)
        JourneyEvent.objects.create(trace_id=trace_id, at=1, stage="queued", address=address, domain=domain)
    return made


@pytest.fixture
def town(cast: Cast) -> Cast:
    aliases.create(address="team@example.test", targets=("ann@example.test",))
    entry("ours")
    entry("theirs", to=("cy@other.test",))
    keys.create(owner=cast.root, name="k", scopes=("domains:read",))
    endpoints.create(owner_id=cast.root.id, url="https://hooks.example.com/", kinds=("*",), domains=None)
    return cast


def as_(user: User | None) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user, backend=BACKEND)
    return client


# Whether an empty form is shown again with its faults; `change` has only fields that may be empty.
ACTS = {name: act.place if name != "change" else "" for name, act in MAILBOXES.acts.items() if name != "role"}


# name, arguments, and what root, Bo and Ann get. Each page once; POST where it changes something.
def matrix(cast: Cast) -> list[tuple[str, str, list[object], int, int]]:
    ann, cy = cast.ann.id, cast.cy.id
    alias, key = Address.objects.get(local="team").id, ApiKey.objects.get().id
    ours, theirs = cast.example.id, cast.other.id
    hook, town_bo = Endpoint.objects.get().pk, cast.bo.user_id
    return [
        ("overview", "GET", [], 200, 200),
        ("import", "GET", [], 200, 200),
        ("export", "GET", [], 200, 200),
        ("migrations", "GET", [], 200, 200),
        ("migration", "GET", [999_999], 404, 404),
        ("migration-act", "POST", [999_999, "stop"], 404, 404),
        ("domains", "GET", [], 200, 200),
        ("new-domain", "GET", [], 200, 403),
        ("domain", "GET", [ours], 200, 200),
        ("domain", "GET", [theirs], 200, 404),
        ("domain-act", "POST", [ours, "standing"], 302, 403),
        ("domain-act", "POST", [theirs, "standing"], 302, 404),
        ("domain-act", "POST", [ours, "remove"], 200, 200),
        ("domain-act", "POST", [theirs, "remove"], 200, 404),
        ("domain-act", "POST", [ours, "paint"], 404, 404),
        ("dns", "GET", [ours], 200, 200),
        ("dns", "GET", [theirs], 200, 404),
        ("dns-act", "POST", [ours, "rotate"], 302, 302),
        ("dns-act", "POST", [theirs, "rotate"], 302, 404),
        ("mailboxes", "GET", [], 200, 200),
        ("new-mailbox", "GET", [], 200, 200),
        ("mailbox", "GET", [ann], 200, 200),
        ("mailbox", "GET", [cy], 200, 404),
        *(("mailbox-act", "POST", [cy, act], 200 if place else 302, 404) for act, place in ACTS.items()),
        *(
            ("mailbox-act", "POST", [ann, act], 200 if place else 302, 200 if place else 302)
            for act, place in ACTS.items()
            if act != "role"
        ),
        ("mailbox-act", "POST", [ann, "role"], 302, 403),
        ("aliases", "GET", [], 200, 200),
        ("new-alias", "GET", [], 200, 200),
        ("alias", "GET", [alias], 200, 200),
        ("alias-act", "POST", [alias, "standing"], 302, 302),
        ("alias-act", "POST", [999_999, "remove"], 404, 404),
        ("administrators", "GET", [], 200, 403),
        ("remove-administrator", "POST", [town_bo], 302, 403),
        ("queue", "GET", [], 200, 200),
        ("queue-act-on-many", "POST", [], 302, 302),
        ("queue-act", "POST", ["ours", "hold"], 302, 302),
        ("queue-act", "POST", ["theirs", "hold"], 302, 404),
        ("journeys", "GET", [], 200, 200),
        ("journey", "GET", ["ours"], 200, 200),
        ("journey", "GET", ["theirs"], 200, 404),
        ("route", "GET", [], 200, 200),
        ("archive", "GET", [], 200, 200),
        ("archive-record", "GET", [999_999], 404, 404),
        ("archive-export", "POST", [], 200, 200),
        ("archive-verify", "POST", [], 302, 302),
        ("archive-mail", "GET", [], 200, 200),
        ("archive-mail-act", "POST", [ann, "restore"], 302, 302),
        ("archive-mail-act", "POST", [cy, "restore"], 302, 404),
        ("archive-mail-act", "POST", [ann, "paint"], 404, 404),
        ("archive-holds", "GET", [], 200, 200),
        ("archive-release", "POST", [999_999], 404, 404),
        ("archive-periods", "GET", [], 200, 200),
        ("quarantine", "GET", [], 200, 200),
        ("held", "GET", ["ours"], 404, 404),
        ("held", "GET", ["theirs"], 404, 404),
        ("quarantine-act", "POST", ["ours", "release"], 404, 404),
        ("clear-suspect", "POST", [], 404, 404),
        ("policies", "GET", [], 200, 200),
        ("policy-limits", "POST", [], 302, 403),
        ("add-policy-rule", "POST", [], 200, 403),
        ("remove-policy-rule", "POST", [], 302, 403),
        ("reports", "GET", [], 200, 200),
        ("report", "GET", [999_999], 404, 404),
        ("lists", "GET", [], 200, 200),
        ("new-list", "GET", [], 200, 200),
        ("list", "GET", [999_999], 404, 404),
        ("list-act", "POST", [999_999, "standing"], 404, 404),
        ("list-members", "GET", [999_999], 404, 404),
        ("routes", "GET", [], 200, 403),
        ("routes-act", "POST", ["fly"], 404, 403),
        ("certificates", "GET", [], 200, 403),
        ("certificates-act", "POST", ["fly"], 404, 403),
        ("audit", "GET", [], 200, 200),
        ("password", "GET", [], 200, 200),
        ("keys", "GET", [], 200, 200),
        ("remove-key", "POST", [key], 302, 404),
        ("webhooks", "GET", [], 200, 200),
        ("webhook-act", "POST", [hook, "switch"], 302, 404),
        ("webhook-act", "POST", [hook, "paint"], 404, 404),
    ]


def test_every_page_is_in_the_matrix(town: Cast) -> None:
    assert {row[0] for row in matrix(town)} == {pattern.name for pattern in urlpatterns}


COUNT = 77 + 2 * len(ACTS)


def test_every_row_of_the_matrix_is_tried(town: Cast) -> None:
    assert len(matrix(town)) == COUNT


@pytest.mark.parametrize("number", range(COUNT))
def test_who_may_open_what(town: Cast, number: int) -> None:
    name, method, arguments, for_root, for_bo = matrix(town)[number]
    address = reverse(f"panel:{name}", args=arguments)
    stranger = as_(None).generic(method, address)
    assert (stranger.status_code, stranger.url.partition("?")[0]) == (302, "/login")  # type: ignore[attr-defined]
    assert as_(town.ann.user).generic(method, address).status_code == 403
    assert as_(town.bo.user).generic(method, address).status_code == for_bo
    assert as_(town.root).generic(method, address).status_code == for_root
    if method == "POST":
        assert as_(town.root).get(address).status_code in (405, 302)


def test_forms_are_guarded_against_forgery(town: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(town.root, backend=BACKEND)
    assert client.post(reverse("panel:domain-act", args=[town.other.id, "remove"]), {"name": "other.test"}).status_code == 403
    assert Domain.objects.filter(id=town.other.id).exists()


def test_bo_sees_the_own_domain_only(town: Cast) -> None:
    client = as_(town.bo.user)
    for name in ("domains", "mailboxes", "aliases", "queue", "overview"):
        text = client.get(reverse(f"panel:{name}")).content.decode()
        assert "other.test" not in text, name
        assert "theirs" not in text, name
    assert "ann@example.test" in client.get("/panel/mailboxes").content.decode()


def test_pages_hold_no_inline_style_or_script(town: Cast) -> None:
    client = as_(town.root)
    for name, method, arguments, *_ in matrix(town):
        if method == "GET" and name != "export":
            text = client.get(reverse(f"panel:{name}", args=arguments)).content.decode()
            assert " style=" not in text
            assert " onclick=" not in text
            assert "<script>" not in text


def test_a_domain(town: Cast) -> None:
    client = as_(town.root)
    client.post("/panel/domains/new", {"name": "New.test", "default_quota_bytes": "1.5", "max_mailboxes": ""})
    made = Domain.objects.get(name="new.test")
    assert (made.default_quota_bytes, made.max_mailboxes) == (1_500_000_000, 0)
    client.post(f"/panel/domains/{made.id}", {"catch_all": "ann@example.test", "default_quota_bytes": "2", "max_mailboxes": "3"})
    made.refresh_from_db()
    assert (made.catch_all, made.default_quota_bytes, made.max_mailboxes) == ("ann@example.test", 2_000_000_000, 3)
    page = client.get(f"/panel/domains/{made.id}").content.decode()
    assert 'value="2"' in page and "everybody&#x27;s own choice now" in page.replace("'", "&#x27;")
    client.post(f"/panel/domains/{made.id}", {"catch_all": "", "second_step": "required"})
    made.refresh_from_db()
    assert made.second_step == "required"
    page = client.get(f"/panel/domains/{made.id}").content.decode()
    assert "A second factor is required now. This domain says so." in " ".join(page.split())
    client.post(f"/panel/domains/{made.id}/standing")
    made.refresh_from_db()
    assert not made.is_active
    assert "type new.test" in client.post(f"/panel/domains/{made.id}/remove", {"name": "other.test"}).content.decode()
    assert Domain.objects.filter(id=made.id).exists()
    client.post(f"/panel/domains/{made.id}/remove", {"name": "New.test"})
    assert not Domain.objects.filter(id=made.id).exists()


def test_bo_changes_the_catch_all_and_nothing_else(town: Cast) -> None:
    address = f"/panel/domains/{town.example.id}"
    as_(town.bo.user).post(address, {"catch_all": "bo@example.test", "max_mailboxes": "9"})
    town.example.refresh_from_db()
    assert (town.example.catch_all, town.example.max_mailboxes) == ("bo@example.test", 0)


def test_a_mailbox(town: Cast) -> None:
    client = as_(town.bo.user)
    client.post("/panel/mailboxes/new", {"address": "Dee@example.test", "shown_name": "Dee", "password": PASSWORD, "quota_bytes": ""})
    box = mailboxes.get(address="dee@example.test")
    assert (box.quota_bytes, box.user and box.user.shown_name) == (None, "Dee")
    client.post(f"/panel/mailboxes/{box.id}", {"shown_name": "Dee Dean", "quota_bytes": "0.5"})
    client.post(f"/panel/mailboxes/{box.id}/password", {"password": "another horse 8"})
    box = mailboxes.get(address="dee@example.test")
    assert (box.quota_bytes, box.user and box.user.shown_name) == (500_000_000, "Dee Dean")
    assert authenticate(login="dee@example.test", secret="another horse 8", service=Service.WEB, peer="").mailbox_id == box.id
    client.post(f"/panel/mailboxes/{box.id}/standing")
    assert mailboxes.get(address="dee@example.test").state == Mailbox.State.SUSPENDED
    client.post(f"/panel/mailboxes/{box.id}/standing", {"state": "receive_only"})
    assert mailboxes.get(address="dee@example.test").state == Mailbox.State.RECEIVE_ONLY
    client.post(f"/panel/mailboxes/{box.id}/rename", {"address": "dora@example.test", "keep_old": "on"})
    assert aliases.get(address="dee@example.test")
    client.post(f"/panel/mailboxes/{box.id}/remove", {"days": "14"})
    assert mailboxes.get(address="dora@example.test").state == Mailbox.State.REMOVING
    assert "Bring it back" in client.get(f"/panel/mailboxes/{box.id}").content.decode()
    client.post(f"/panel/mailboxes/{box.id}/erase", {"name": "dee@example.test"})
    assert Mailbox.objects.filter(id=box.id).exists()
    client.post(f"/panel/mailboxes/{box.id}/erase", {"name": "dora@example.test"})
    assert not Mailbox.objects.filter(id=box.id).exists()


@pytest.mark.parametrize(
    ("page", "values", "words"),
    [
        ("mailboxes/new", {"address": "ann@example.test", "password": PASSWORD}, "exists already"),
        ("mailboxes/new", {"address": "new@example.test", "password": "short"}, "at least 8 characters"),
        ("mailboxes/new", {"address": "new@unknown.test", "password": PASSWORD}, "is not a domain of this server"),
        ("mailboxes/new", {"address": "", "password": PASSWORD}, "This field is required"),
        ("aliases/new", {"address": "a@example.test", "targets": "a@example.test"}, "back to a@example.test"),
        ("aliases/new", {"address": "a@example.test", "targets": "ann@example.test\nbad"}, "bad: An address has the form"),
        ("domains/new", {"name": "bad name"}, "not a domain name"),
        ("domains/new", {"name": "example.test"}, "exists already"),
    ],
)
def test_faults_stand_beside_the_field_and_nothing_changes(town: Cast, page: str, values: dict[str, str], words: str) -> None:
    before = (Domain.objects.count(), Address.objects.count(), User.objects.count())
    answer = as_(town.root).post(f"/panel/{page}", values)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert words in text
    assert 'aria-invalid="true"' in text
    assert before == (Domain.objects.count(), Address.objects.count(), User.objects.count())


def test_bo_cannot_make_an_address_elsewhere(town: Cast) -> None:
    client = as_(town.bo.user)
    assert client.post("/panel/mailboxes/new", {"address": "x@other.test", "password": PASSWORD}).status_code == 404
    assert client.post("/panel/aliases/new", {"address": "x@other.test", "targets": "y@far.test"}).status_code == 404
    assert not Address.objects.filter(local="x").exists()


def test_bo_cannot_take_over_root(town: Cast) -> None:
    User.objects.filter(id=town.ann.user_id).update(role=User.Role.ROOT)
    answer = as_(town.bo.user).post(f"/panel/mailboxes/{town.ann.id}/password", {"password": "another horse 8"})
    assert answer.status_code == 403


def test_roles(town: Cast) -> None:
    client = as_(town.root)
    client.post(f"/panel/mailboxes/{town.ann.id}/role", {"domains": "other.test"})
    ann = User.objects.get(id=town.ann.user_id)
    assert (ann.role, list(ann.domains.all())) == (User.Role.DOMAIN_ADMIN, [town.other])
    client.post(f"/panel/mailboxes/{town.ann.id}/role", {})
    ann.refresh_from_db()
    assert (ann.role, ann.domains.count()) == (User.Role.USER, 0)


def test_an_alias(town: Cast) -> None:
    client = as_(town.bo.user)
    client.post("/panel/aliases/new", {"address": "Office@example.test", "targets": "ann@example.test\nx@far.test, bo@example.test"})
    alias = aliases.get(address="office@example.test")
    assert [target.target for target in alias.targets.all()] == ["ann@example.test", "x@far.test", "bo@example.test"]
    client.post(f"/panel/aliases/{alias.id}", {"targets": "bo@example.test"})
    client.post(f"/panel/aliases/{alias.id}/standing")
    alias = aliases.get(address="office@example.test")
    assert ([target.target for target in alias.targets.all()], alias.is_enabled) == (["bo@example.test"], False)
    client.post(f"/panel/aliases/{alias.id}/remove")
    assert not Address.objects.filter(id=alias.id).exists()


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []
    monkeypatch.setattr("mailcore.bell.ring", lambda: found.append(1))
    return found


def test_the_queue(town: Cast, rings: list[int]) -> None:
    client = as_(town.bo.user)
    client.post("/panel/queue/ours/hold")
    assert Entry.objects.get(trace_id="ours").is_held
    assert "Held" in client.get("/panel/queue").content.decode()
    client.post("/panel/queue/ours/release")
    client.post("/panel/queue/ours/retry")
    assert rings == [1, 1]
    client.post("/panel/queue/ours/cancel")
    assert Recipient.objects.get(entry__trace_id="ours").state == "cancelled"
    answer = client.post("/panel/queue/ours/cancel", follow=True)
    assert "Nothing of this message is waiting" in answer.content.decode()


def test_a_message_for_several_domains(town: Cast, rings: list[int]) -> None:
    entry("mixed", to=("ann@example.test", "cy@other.test"))
    client = as_(town.bo.user)
    for page in ("/panel/queue", "/panel/journey/mixed", "/panel/journey?q=mixed"):
        text = client.get(page).content.decode()
        assert "ann@example.test" in text, page
        assert "cy@other.test" not in text, page
    assert client.post("/panel/queue/mixed/cancel").status_code == 403
    assert not Recipient.objects.filter(state="cancelled").exists()


def test_what_was_sent_from_here_is_seen_whole_but_a_forged_sender_opens_nothing(town: Cast) -> None:
    entry("sent", sender="ann@example.test", to=("cy@other.test",), source="submission")
    entry("forged", sender="ann@example.test", to=("cy@other.test",), source="smtp")
    client = as_(town.bo.user)
    assert "cy@other.test" in client.get("/panel/journey/sent").content.decode()
    assert "cy@other.test" not in client.get("/panel/journey/forged").content.decode()


def test_a_key_is_shown_once(town: Cast) -> None:
    client = as_(town.bo.user)
    answer = client.post("/panel/keys", {"name": "billing", "scopes": ["mailboxes:read"], "days": "30"})
    made = ApiKey.objects.get(name="billing")
    text = answer.content.decode().partition('<code class="mono slip">')[2].partition("<")[0]
    assert keys.open_key(text).scopes == frozenset({"mailboxes:read"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert text not in client.get("/panel/keys").content.decode()
    client.post(f"/panel/keys/{ApiKey.objects.get(name='k').id}/remove")
    assert ApiKey.objects.filter(name="k").exists()
    client.post(f"/panel/keys/{made.id}/remove")
    assert not ApiKey.objects.filter(id=made.id).exists()


@pytest.mark.parametrize("name", ["domains", "mailboxes", "aliases", "queue"])
def test_queries_do_not_grow_with_the_rows(town: Cast, name: str) -> None:
    client = as_(town.root)

    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/panel/{name}")
        return len(captured)

    before = count()
    for number in range(6):
        domains.create(name=f"d{number}.test")
        mailboxes.create(address=f"m{number}@d{number}.test", password=None)
        aliases.create(address=f"a{number}@d{number}.test", targets=("ann@example.test",))
        entry(f"e{number}", to=(f"m{number}@d{number}.test",))
    assert count() == before


def test_searching(town: Cast) -> None:
    client = as_(town.root)
    for query, found, missing in (
        ("q=ann", "ann@", "cy@"),
        ("q=@other", "cy@", "ann@"),
        ("q=archer", "ann@", "bo@"),
        ("state=suspended", "fits", "ann@"),
    ):
        text = client.get(f"/panel/mailboxes?{query}").content.decode()
        assert found in text, query
        assert missing not in text, query


def test_the_own_password(town: Cast) -> None:
    client = as_(town.root)
    wrong = client.post("/panel/password", {"old": "wrong", "password": "another horse 8"})
    assert "do not match" in wrong.content.decode()
    assert client.post("/panel/password", {"old": PASSWORD, "password": "another horse 8"}).status_code == 302
    assert client.get("/panel/").status_code == 200
    assert authenticate(login="admin", secret="another horse 8", service=Service.WEB, peer="").login == "admin"

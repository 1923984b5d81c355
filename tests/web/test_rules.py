"""Rules, the away message and forwarding: kept as a script, rehearsed, and never to somebody who did not agree."""

import re
import time
from typing import Any

import pytest

from mailcore.delivery import intake
from mailcore.filtering import rules, scripts
from mailcore.filtering.policy import levels, shelf
from mailcore.kernel.ids import MailboxId
from webmail.models import ForwardTarget

from .builders import letter
from .conftest import PASSWORD, Actor


@pytest.fixture
def proved(ann: Actor) -> Actor:
    prove(ann)
    return ann


def prove(actor: Actor) -> None:
    session = actor.client.session
    session["proved_at"] = int(time.time())
    session.save()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    taken: list[bytes] = []

    def accept(*, raw: bytes, **_: object) -> str:
        taken.append(raw)
        return "t"

    monkeypatch.setattr(intake, "accept", accept)
    return taken


def form(**fields: Any) -> dict[str, Any]:
    start = {
        "name": "Suppliers", "match": "all", "field": ["from"], "how": ["contains"], "value": ["@nordlys.example, @ormeaux.example"],
        "kind": ["file"], "folder": ["Archive"], "text": [""], "stops": "yes", "is_enabled": "yes", "do": "save",
    }  # fmt: skip
    return start | fields


def loaded(ann: Actor) -> rules.Loaded:
    return rules.load(MailboxId(ann.mailbox.id))


def test_a_rule_is_made_changed_moved_switched_and_removed(proved: Actor) -> None:
    post = proved.client.post
    assert "No rules yet" in proved.client.get("/settings/rules").content.decode()
    assert post("/settings/rules/new", form())["Location"] == "/settings/rules"
    rule = loaded(proved).rules.rules[0]
    assert rule.tests[0].values == ("@nordlys.example", "@ormeaux.example") and rule.actions[0].value == "Archive" and rule.is_enabled
    post("/settings/rules/new", form(name="Second", kind=["label"], text=["$label1"]))
    post("/settings/rules/arrange", {"do": "up:1"})
    assert [one.name for one in loaded(proved).rules.rules] == ["Second", "Suppliers"]
    post("/settings/rules/arrange", {"do": "switch:0"})
    assert not loaded(proved).rules.rules[0].is_enabled
    assert 'value="$label1"' in proved.client.get("/settings/rules/0").content.decode()
    post("/settings/rules/1", form(name="Changed", field=["size"], how=["over"], value=["300"]))
    assert loaded(proved).rules.rules[1].tests[0].values == ("307200",)
    assert 'value="300"' in proved.client.get("/settings/rules/1").content.decode()
    post("/settings/rules/arrange", {"do": "remove:0"})
    assert [one.name for one in loaded(proved).rules.rules] == ["Changed"]
    assert post("/settings/rules/arrange", {"do": "remove:7"}).status_code == 404
    assert proved.client.get("/settings/rules/7").status_code == 404


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": " "}, "Give the rule a name"),
        ({"value": [""]}, "Say which messages"),
        ({"kind": [""]}, "Say what is to be done"),
        ({"kind": ["forward"], "text": ["spy@elsewhere.example"]}, "has not agreed yet"),
        ({"kind": ["forward"], "text": ["nonsense"]}, "form name@domain"),
    ],
)
def test_a_bad_rule_is_said_and_what_was_typed_stays(proved: Actor, fields: dict[str, Any], words: str) -> None:
    answer = proved.client.post("/settings/rules/new", form(**fields))
    page = answer.content.decode()
    assert answer.status_code == 422 and words in page and "stops" in page and loaded(proved).rules.rules == ()


def test_more_lines_keep_what_was_typed(proved: Actor) -> None:
    page = proved.client.post("/settings/rules/new", form(do="more")).content.decode()
    assert page.count('name="field"') > 2 and "@ormeaux.example" in page and loaded(proved).rules.rules == ()


def test_a_rule_is_rehearsed_and_changes_nothing(proved: Actor) -> None:
    uid = proved.put(letter(subject="Handrail"))
    proved.put(letter(subject="Lunch", sender="Jo <jo@x.example>"))
    page = proved.client.post("/settings/rules/new", form(do="rehearse")).content.decode()
    rehearsed = page.partition('id="rehearsal"')[2]
    assert "Handrail" in rehearsed and "is filed in Archive" in rehearsed and "Lunch" not in rehearsed
    assert loaded(proved).rules.rules == () and proved.mail.find_row("INBOX", uid)
    none = proved.client.post("/settings/rules/new", form(do="rehearse", value=["nobody"])).content.decode()
    assert "touched none of them" in none


def test_messages_like_this(proved: Actor, seeded: int) -> None:
    page = proved.client.get(f"/settings/rules/new?folder=INBOX&uid={seeded}").content.decode()
    assert 'value="ingrid@nordlys.example"' in page and 'value="Ingrid Solheim"' in page


def test_a_script_is_checked_with_its_line(proved: Actor) -> None:
    answer = proved.client.post("/settings/rules/sieve", {"text": 'keep;\nfileinto "A";\nnonsense;', "do": "save"})
    page = answer.content.decode()
    assert answer.status_code == 422 and "Line 2" in page and "fileinto" in page
    assert scripts.find_active(mailbox_id=MailboxId(proved.mailbox.id)) is None
    fine = proved.client.post("/settings/rules/sieve", {"text": "keep;", "do": "check"}).content.decode()
    assert "It can be used" in fine and scripts.find_active(mailbox_id=MailboxId(proved.mailbox.id)) is None
    proved.client.post("/settings/rules/sieve", {"text": "keep;", "do": "save"})
    assert scripts.find_active(mailbox_id=MailboxId(proved.mailbox.id)) == "by hand"
    page = proved.client.get("/settings/rules").content.decode()
    assert "by hand" in page and "Use rules instead" in page
    refused = proved.client.post("/settings/rules/new", form())
    assert refused.status_code == 422 and "Another script" in refused.content.decode()
    assert proved.client.post("/settings/rules/new", form(replace="yes")).status_code == 302
    assert loaded(proved).is_active
    proved.client.post("/settings/rules/sieve", {"text": "discard;", "do": "save"})
    proved.client.post("/settings/rules/take-over")
    assert loaded(proved).is_active and "by hand" in [one.name for one in scripts.list_scripts(mailbox_id=MailboxId(proved.mailbox.id))]


def test_the_away_message(proved: Actor) -> None:
    typed = {"is_enabled": "yes", "text": "Back on Monday.", "starts": "2026-12-20", "ends": "2027-01-03", "days": "3", "subject": "Away"}
    assert proved.client.post("/settings/away", typed).status_code == 302
    kept = loaded(proved).rules.vacation
    assert kept is not None and kept.is_enabled and (kept.starts, kept.ends, kept.days) == ("2026-12-20", "2027-01-03", 3)
    page = proved.client.get("/settings/away").content.decode()
    assert "Back on Monday." in page and 'value="2026-12-20"' in page
    for wrong in ({"ends": "2026-12-01"}, {"text": ""}, {"starts": "soon"}):
        assert proved.client.post("/settings/away", typed | wrong).status_code == 422, wrong
    proved.client.post("/settings/away", {name: value for name, value in typed.items() if name != "is_enabled"})
    kept = loaded(proved).rules.vacation
    assert kept is not None and not kept.is_enabled and kept.text == "Back on Monday."


def test_forwarding_asks_its_target_first(proved: Actor, sent: list[bytes], cy: Actor) -> None:
    post = proved.client.post
    post("/settings/forwarding", {"do": "add", "address": "me@elsewhere.example"})
    assert loaded(proved).rules.forwarding is None and b"me@elsewhere.example" in sent[0]
    post("/settings/forwarding", {"do": "add", "address": "me@elsewhere.example"})
    assert len(sent) == 1
    assert "A code was sent there" in proved.client.get("/settings/forwarding").content.decode()
    wrong = post("/settings/forwarding", {"do": "confirm", "address": "me@elsewhere.example", "code": "1"})
    assert wrong.status_code == 422 and loaded(proved).rules.forwarding is None
    found = re.search(rb"\n    (\d{8})", sent[0])
    assert found is not None
    code = found[1].decode()
    prove(cy)
    stolen = cy.client.post("/settings/forwarding", {"do": "confirm", "address": "me@elsewhere.example", "code": code})
    assert stolen.status_code == 422
    post("/settings/forwarding", {"do": "confirm", "address": "me@elsewhere.example", "code": code})
    kept = loaded(proved).rules.forwarding
    assert kept is not None and kept.addresses == ("me@elsewhere.example",) and kept.keeps_copy
    assert post("/settings/rules/new", form(kind=["forward"], text=["me@elsewhere.example"])).status_code == 302
    post("/settings/forwarding", {"do": "keep"})
    kept = loaded(proved).rules.forwarding
    assert kept is not None and not kept.is_enabled and not kept.keeps_copy
    post("/settings/forwarding", {"do": "remove", "address": "me@elsewhere.example"})
    assert loaded(proved).rules.forwarding is None


def test_a_code_is_not_guessed(proved: Actor, sent: list[bytes]) -> None:
    proved.client.post("/settings/forwarding", {"do": "add", "address": "me@elsewhere.example"})
    for _ in range(9):
        proved.client.post("/settings/forwarding", {"do": "confirm", "address": "me@elsewhere.example", "code": "00000000"})
    code = re.search(rb"\n    (\d{8})", sent[0])
    assert code is not None
    answer = proved.client.post("/settings/forwarding", {"do": "confirm", "address": "me@elsewhere.example", "code": code[1].decode()})
    assert answer.status_code == 422 and not ForwardTarget.objects.filter(confirmed_at__isnull=False).exists()


def test_a_neighbour_needs_no_code(proved: Actor, cy: Actor, sent: list[bytes]) -> None:
    proved.client.post("/settings/forwarding", {"do": "add", "address": "cy@example.org"})
    kept = loaded(proved).rules.forwarding
    assert kept is not None and kept.addresses == ("cy@example.org",) and not sent
    assert proved.client.post("/settings/forwarding", {"do": "add", "address": "x@@y"}).status_code == 422


@pytest.mark.parametrize(
    "path", ["/settings/rules", "/settings/rules/new", "/settings/rules/sieve", "/settings/away", "/settings/forwarding"]
)
def test_the_password_is_asked_for_first(ann: Actor, path: str) -> None:
    assert ann.client.get(path)["Location"].startswith("/settings/prove?next=")
    answer = ann.client.post("/settings/prove", {"target": path, "password": PASSWORD})
    assert answer["Location"] == path and ann.client.get(path).status_code == 200


def test_a_script_in_the_page_cannot_add_a_forward_unasked(ann: Actor, cy: Actor) -> None:
    answer = ann.client.post("/settings/forwarding", {"do": "add", "address": "cy@example.org"})
    assert answer.status_code == 403 and loaded(ann).rules.forwarding is None


def test_a_fault_is_said_once(ann: Actor) -> None:
    prove(ann)
    page = ann.client.post("/settings/rules/new", {"name": "", "do": "save"}).content.decode()
    assert page.count("Give the rule a name.") == 1 and 'id="name-fault"' in page
    page = ann.client.post("/settings/forwarding", {"do": "add", "address": "no address"}).content.decode()
    assert page.count('role="alert"') == 1 and 'id="address-fault"' in page


def test_asking_for_consent_is_counted_as_sending(proved: Actor, sent: list[bytes]) -> None:
    shelf.forget()
    levels.put(owner="system", name="login_messages_hour", value=1)
    post = proved.client.post
    assert post("/settings/forwarding", {"do": "add", "address": "one@far.example"}).status_code == 302
    refused = post("/settings/forwarding", {"do": "add", "address": "two@far.example"})
    levels.reset(owner="system", name="login_messages_hour")
    assert refused.status_code == 422 and "You may send 1 letter an hour" in refused.content.decode()
    assert len(sent) == 1 and not ForwardTarget.objects.filter(folded="two@far.example").exists()

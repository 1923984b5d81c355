"""The script store: what can be put, listed, activated, renamed and removed, and its limits."""

import pytest

from mailcore.filtering import compiled, scripts
from mailcore.filtering.models import Script
from mailcore.kernel.errors import BadSyntax, Conflict, NotFound
from mailcore.kernel.ids import MailboxId
from mailcore.sieve.faults import ScriptFault

pytestmark = pytest.mark.django_db
ANN, BO = MailboxId(1), MailboxId(2)


def names_of(mailbox_id: MailboxId) -> list[tuple[str, bool]]:
    return [(row.name, row.is_active) for row in scripts.list_scripts(mailbox_id=mailbox_id)]


def test_a_script_is_put_replaced_and_read_as_it_was() -> None:
    scripts.put(mailbox_id=ANN, name="main", text="keep;\r\n# é\r\n")
    scripts.put(mailbox_id=ANN, name="main", text="discard;")
    scripts.put(mailbox_id=BO, name="main", text="keep;")
    assert scripts.get_text(mailbox_id=ANN, name="main") == "discard;"
    assert scripts.list_scripts(mailbox_id=ANN)[0].size == 8
    assert names_of(ANN) == [("main", False)]


def test_one_script_is_active_at_a_time() -> None:
    for name in ("a", "b"):
        scripts.put(mailbox_id=ANN, name=name, text="keep;")
    scripts.activate(mailbox_id=ANN, name="a")
    scripts.activate(mailbox_id=ANN, name="b")
    assert names_of(ANN) == [("a", False), ("b", True)] and scripts.find_active(mailbox_id=ANN) == "b"
    with pytest.raises(NotFound):
        scripts.activate(mailbox_id=ANN, name="c")
    assert scripts.find_active(mailbox_id=ANN) == "b"
    scripts.activate(mailbox_id=ANN, name="")
    assert scripts.find_active(mailbox_id=ANN) is None


def test_a_script_that_cannot_be_used_is_not_stored() -> None:
    scripts.put(mailbox_id=ANN, name="main", text="keep;")
    with pytest.raises(ScriptFault) as caught:
        scripts.put(mailbox_id=ANN, name="main", text="keep;\nnosuch;")
    assert caught.value.place == (2, 1)
    with pytest.raises(ScriptFault):
        scripts.put(mailbox_id=ANN, name="other", text=b"\xff")
    assert scripts.get_text(mailbox_id=ANN, name="main") == "keep;" and names_of(ANN) == [("main", False)]


@pytest.mark.parametrize("name", ["", "a\nb", "a/b", "\x85", "x" * 129, "a\u2028"])
def test_names_that_no_script_can_have(name: str) -> None:
    with pytest.raises(BadSyntax):
        scripts.put(mailbox_id=ANN, name=name, text="keep;")


def test_limits_of_number_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripts, "MAX_SCRIPTS", 2)
    monkeypatch.setattr(scripts, "MAX_TOTAL_BYTES", 40)
    scripts.put(mailbox_id=ANN, name="a", text="keep;")
    scripts.put(mailbox_id=ANN, name="b", text="keep;")
    with pytest.raises(scripts.TooMany):
        scripts.check_space(mailbox_id=ANN, name="c", size=1)
    with pytest.raises(scripts.TooLarge):
        scripts.put(mailbox_id=ANN, name="b", text="keep;" + " " * 31)
    scripts.check_space(mailbox_id=ANN, name="b", size=35)
    with pytest.raises(scripts.TooLarge):
        scripts.read_text(b" " * (scripts.MAX_SCRIPT_BYTES + 1))


def test_rename_and_remove() -> None:
    for name in ("a", "b"):
        scripts.put(mailbox_id=ANN, name=name, text="keep;")
    scripts.activate(mailbox_id=ANN, name="a")
    scripts.rename(mailbox_id=ANN, old="a", new="main")
    assert names_of(ANN) == [("b", False), ("main", True)]
    with pytest.raises(Conflict):
        scripts.rename(mailbox_id=ANN, old="b", new="main")
    with pytest.raises(NotFound):
        scripts.rename(mailbox_id=ANN, old="none", new="x")
    with pytest.raises(Conflict):
        scripts.remove(mailbox_id=ANN, name="main")
    scripts.remove(mailbox_id=ANN, name="b")
    with pytest.raises(NotFound):
        scripts.remove(mailbox_id=ANN, name="b")


def test_chains_run_in_order_and_only_where_there_are_scripts() -> None:
    assert compiled.load_chains({(ANN, "here.test")}) == {}
    scripts.put(mailbox_id=ANN, name="own", text="keep;")
    assert compiled.load_chains({(ANN, "here.test")}) == {}, "not active"
    scripts.activate(mailbox_id=ANN, name="own")
    assert list(compiled.load_chains({(ANN, "here.test"), (BO, "here.test")})) == [ANN]
    scripts.put_shared(domain="", stage="before", name="house", text="keep;")
    scripts.put_shared(domain="here.test", stage="after", name="last", text="keep;")
    scripts.put_shared(domain="", stage="shared", name="library", text="keep;")
    chains = compiled.load_chains({(ANN, "here.test"), (BO, "far.test")})
    assert [one.compiled.name for one in chains[ANN]] == ["house", "own", "last"]
    assert [one.compiled.name for one in chains[BO]] == ["house"]
    assert compiled.find_included(ANN, "global", "library") is not None
    assert compiled.find_included(ANN, "personal", "library") is None


def test_a_change_takes_effect_at_once() -> None:
    scripts.put(mailbox_id=ANN, name="own", text="keep;")
    scripts.activate(mailbox_id=ANN, name="own")
    (before,) = compiled.load_chains({(ANN, "here.test")})[ANN]
    assert compiled.load_chains({(ANN, "here.test")})[ANN][0].compiled is before.compiled, "remembered"
    scripts.put(mailbox_id=ANN, name="own", text="discard;")
    assert compiled.load_chains({(ANN, "here.test")})[ANN][0].compiled is not before.compiled


def test_a_stored_script_that_no_longer_compiles_keeps_mail() -> None:
    Script.objects.create(owner="mailbox:1", stage="own", name="old", text="nosuch;", size=7, is_active=True, changed_at=0)
    (ready,) = compiled.load_chains({(ANN, "here.test")})[ANN]
    assert ready.compiled.required == frozenset()


def test_shared_scripts_are_listed_and_removed() -> None:
    scripts.put_shared(domain="", stage="before", name="house", text="keep;")
    assert scripts.list_shared(domain="") == [("before", "house")]
    with pytest.raises(BadSyntax):
        scripts.put_shared(domain="", stage="own", name="x", text="keep;")
    scripts.remove_shared(domain="", stage="before", name="house")
    with pytest.raises(NotFound):
        scripts.remove_shared(domain="", stage="before", name="house")


def test_scripts_of_mailboxes_that_are_gone_go_too() -> None:
    for mailbox_id in (ANN, BO):
        scripts.put(mailbox_id=mailbox_id, name="a", text="keep;")
    assert scripts.forget_orphans(mailbox_ids=[BO]) == 1
    assert names_of(ANN) == [] and names_of(BO) == [("a", False)]

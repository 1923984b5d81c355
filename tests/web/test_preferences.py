"""Choices, their defaults, and what an administrator locks."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from mailcore.directory.models import User
from mailcore.kernel.errors import BadSyntax, Denied
from webmail import contacts, preferences, settings_map
from webmail.vcards import Card

from .builders import HX, letter
from .conftest import Actor


@pytest.fixture(autouse=True)
def forget_rules() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def user(ann: Actor) -> User:
    return User.objects.get(login="ann@example.org")


def test_every_option_has_a_field_and_an_allowed_default() -> None:
    plain = preferences.Preferences()
    assert {option.name for option in preferences.OPTIONS} == preferences._NAMES
    for option in preferences.OPTIONS:
        assert option.allows(option.default) and plain.get(option.name) == option.default
        assert settings_map.find_place(option.section) is not None


def test_own_wins_over_domain_over_server(ann: Actor) -> None:
    preferences.set_rule(name="density", value="compact")
    assert preferences.read(user(ann)).density == "compact"
    preferences.set_rule(name="density", value="roomy", domain="Example.org")
    preferences.set_rule(name="theme", value="dark", domain="elsewhere.example")
    assert preferences.read(user(ann)).density == "roomy" and preferences.read(user(ann)).theme == "system"
    preferences.save(user(ann), {"density": "cosy"})
    assert preferences.read(user(ann)).density == "cosy"


def test_a_lock_wins_over_everything_and_is_said(ann: Actor) -> None:
    preferences.save(user(ann), {"theme": "dark"})
    preferences.set_rule(name="theme", value="light", is_locked=True)
    preferences.set_rule(name="theme", value="dark", domain="example.org")
    assert preferences.read(user(ann)).theme == "light"
    with pytest.raises(Denied):
        preferences.save(user(ann), {"theme": "dark", "density": "compact"})
    assert preferences.read(user(ann)).density == "cosy"
    page = ann.client.get("/settings/general").content.decode()
    assert "Set by an administrator" in page and 'data-theme="light"' in page
    assert ann.client.post("/settings/general", {"theme": "dark", "density": "compact"}).status_code == 302
    assert preferences.read(user(ann)).theme == "light" and preferences.read(user(ann)).density == "compact"


@pytest.mark.parametrize(
    ("name", "value"), [("theme", "purple"), ("nothing", "x"), ("time_zone", "../../etc/passwd"), ("undo_seconds", "999")]
)
def test_what_is_no_choice_is_refused(ann: Actor, name: str, value: str) -> None:
    with pytest.raises(BadSyntax):
        preferences.save(user(ann), {name: value})
    with pytest.raises(BadSyntax):
        preferences.set_rule(name=name, value=value)
    with pytest.raises(CommandError):
        call_command("preference", "set", name, value)


def test_a_bad_choice_is_said_on_the_page_and_nothing_is_kept(ann: Actor) -> None:
    answer = ann.client.post("/settings/general", {"theme": "purple", "density": "compact"})
    assert answer.status_code == 422 and "not one of the choices" in answer.content.decode()
    assert preferences.read(user(ann)).density == "cosy"


def test_a_choice_holds_in_every_browser(ann: Actor, client: Client) -> None:
    ann.client.post("/settings/general", {"theme": "dark", "density": "compact", "time_zone": "Asia/Tokyo", "language": "fr"})
    client.force_login(user(ann), backend="mailcore.directory.backends.DirectoryBackend")
    answer = client.get("/settings")
    page = answer.content.decode()
    assert 'data-theme="dark" data-density="compact"' in page and answer["Content-Language"] == "fr"


def test_a_switch_that_is_not_sent_is_off(ann: Actor) -> None:
    wanted = {"compose_format": "plain", "undo_seconds": "20", "quote": "none", "signature": "new", "forward_as": "inline"}
    ann.client.post("/settings/writing", wanted)
    chosen = preferences.read(user(ann))
    assert chosen.undo_seconds == "20" and not chosen.is_on("warn_attachment") and chosen.compose_format == "plain"


def test_settings_are_found_by_words(ann: Actor) -> None:
    page = ann.client.get("/settings?q=theme").content.decode()
    assert "/settings/general#theme" in page
    piece = ann.client.get("/settings?q=signature+from", **HX).content.decode()
    assert "/settings/identities" in piece and "<html" not in piece
    assert "No setting has these words" in ann.client.get("/settings?q=zzz").content.decode()


def test_a_choice_that_no_longer_exists_counts_as_unset(ann: Actor) -> None:
    from webmail.models import Preference

    Preference.objects.create(user=user(ann), name="theme", value="sepia")
    Preference.objects.create(user=user(ann), name="gone", value="x")
    assert preferences.read(user(ann)).theme == "system"


def test_letters_are_shown_as_plain_text_where_wanted(ann: Actor) -> None:
    uid = ann.put(letter(text="Only words", html="<p>Only <b>words</b></p>"))
    assert "letter-frame" in ann.client.get(f"/mail/INBOX/{uid}/").content.decode()
    ann.client.post("/settings/reading", {"show_as": "plain", "remote_images": "ask"})
    page = ann.client.get(f"/mail/INBOX/{uid}/").content.decode()
    assert "letter-frame" not in page and "Only words" in page


def test_images_of_contacts_load_only_where_verified_and_wanted(ann: Actor) -> None:
    verified = b"Authentication-Results: mx.facteur.test; dmarc=pass\r\nReceived: from a by b; Tue, 24 Nov 2026 09:00:00 +0000\r\n"
    raw = letter(html='<img src="https://pics.nordlys.example/a.png">', text="x")
    uids = [ann.put(verified + raw), ann.put(raw)]

    def loads(uid: int) -> bool:
        return 'body?images=1" loading' in ann.client.get(f"/mail/INBOX/{uid}/").content.decode()

    contacts.save(Card(name="Ingrid", emails=(("", "ingrid@nordlys.example"),)), user_id=user(ann).pk)
    assert [loads(uid) for uid in uids] == [False, False]
    ann.client.post("/settings/reading", {"show_as": "html", "remote_images": "contacts"})
    assert [loads(uid) for uid in uids] == [True, False]

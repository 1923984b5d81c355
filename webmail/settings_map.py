"""The settings area: which pages there are, in which order, and the search over them."""

import unicodedata
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from .preferences import OPTIONS, Option, Text


@dataclass(frozen=True, slots=True)
class Place:
    slug: str
    url_name: str
    icon: str
    label: Text
    about: Text
    words: Text = ""
    """More words under which it is found."""

    @property
    def url(self) -> str:
        return reverse(self.url_name)


@dataclass(frozen=True, slots=True)
class Part:
    label: Text
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Found:
    label: Text
    where: Text
    url: str


GENERAL = Place("general", "settings-general", "languages", _("General"), _("Language, time zone, theme, density"))
READING = Place("reading", "settings-reading", "mail-open", _("Reading"), _("How letters are shown, remote images"))
WRITING = Place("writing", "settings-writing", "pencil-line", _("Writing"), _("Form, quoting, undo, warnings"))
IDENTITIES = Place(
    "identities", "identities", "signature", _("Identities"), _("Names and addresses you write from, with their signatures"),
    _("signature from reply-to alias name"),
)  # fmt: skip
TEMPLATES = Place("templates", "letter-templates", "scroll-text", _("Templates"), _("Texts you send again and again"), _("canned answer"))
PASSWORD = Place(
    "security", "security", "key-round", _("Password and second step"), _("Change the password, sign in with a code as well"),
    _("two-factor 2FA TOTP recovery codes"),
)  # fmt: skip
PASSKEYS = Place(
    "passkeys", "passkeys", "fingerprint", _("Passkeys"), _("Sign in with your telephone, computer or security key"),
    _("WebAuthn FIDO fingerprint face passwordless"),
)  # fmt: skip
PROGRAMS = Place(
    "programs", "app-passwords", "monitor", _("Mail programs"), _("A password of its own for each program or telephone"),
    _("app password IMAP SMTP POP3 Thunderbird"),
)  # fmt: skip
SESSIONS = Place(
    "sessions", "sessions", "history", _("Sessions"), _("Where you are signed in, and signing out there"), _("devices browsers")
)

RULES = Place(
    "rules", "rules", "filter", _("Rules"), _("What is filed, labelled or forwarded by itself"), _("filters Sieve script rehearse"),
)  # fmt: skip
AWAY = Place("away", "away", "clock", _("Away message"), _("An answer while you are not here"), _("vacation autoresponder holiday"))
SILENCED = Place(
    "silenced", "silenced", "ban", _("Blocked and muted"), _("Senders who go to Spam, conversations you left"),
    _("block sender mute thread ignore"),
)  # fmt: skip
FORWARDING = Place("forwarding", "forwarding", "forward", _("Forwarding"), _("Everything to another address as well"), _("redirect copy"))

COLLECTED = Place(
    "accounts", "accounts", "folder-input", _("Other accounts"), _("Mail collected from accounts you have elsewhere"),
    _("fetchmail POP3 IMAP external retrieve import"),
)  # fmt: skip

PARTS: tuple[Part, ...] = (
    Part(_("You"), (GENERAL, READING)),
    Part(_("Mail"), (RULES, AWAY, FORWARDING, SILENCED, COLLECTED)),
    Part(_("Writing"), (WRITING, IDENTITIES, TEMPLATES)),
    Part(_("Account"), (PASSWORD, PASSKEYS, PROGRAMS, SESSIONS)),
)


def find_place(slug: str) -> Place | None:
    return next((place for part in PARTS for place in part.places if place.slug == slug), None)


def options_of(section: str) -> list[Option]:
    return [option for option in OPTIONS if option.section == section]


def search(text: str) -> list[Found]:
    """Pages and single settings that hold every word typed, whatever its accents and case."""
    words = _fold(text).split()
    if not words:
        return []
    found: list[Found] = []
    for part in PARTS:
        for place in part.places:
            if _holds(words, place.label, place.about, place.words):
                found.append(Found(place.label, part.label, place.url))
            for option in options_of(place.slug):
                if _holds(words, option.label, option.help, *(label for _value, label in option.choices)):
                    found.append(Found(option.label, place.label, f"{place.url}#{option.name}"))
    return found


def _holds(words: list[str], *texts: Text) -> bool:
    text = _fold(" ".join(map(str, texts)))
    return all(word in text for word in words)


def _fold(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(char))

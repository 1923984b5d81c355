"""Every choice a person has, in one table: its kind, its default, its words.

A person's own value wins over the domain's, that over the server's, that over the default
here; a locked value wins over all below it. A value that is no longer allowed counts as unset.
"""

import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

from django.core.cache import cache as shared_cache
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mailcore.directory.models import User
from mailcore.kernel.errors import BadSyntax, Denied
from mailcore.prepared import Prepared

from .models import Preference, PreferenceRule

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Option:
    name: str
    section: str
    """Which page of the settings shows it."""
    label: Text
    default: str
    choices: tuple[tuple[str, Text], ...] = ()
    """() with `list_choices` None: yes or no."""
    list_choices: Callable[[], Iterable[tuple[str, Text]]] | None = None
    help: Text = ""

    @property
    def is_switch(self) -> bool:
        return not self.choices and self.list_choices is None

    def all_choices(self) -> list[tuple[str, Text]]:
        if self.is_switch:
            return [("yes", _("Yes")), ("no", _("No"))]
        return list(self.choices or (self.list_choices() if self.list_choices else ()))

    def allows(self, value: str) -> bool:
        if self.list_choices is list_zones:
            return value in ("", "UTC") or value in _zone_names()
        return any(value == allowed for allowed, _label in self.all_choices())


@cache
def _zone_names() -> tuple[str, ...]:
    """Read once: the names are a walk through some hundred files."""
    return tuple(sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/"))))


def list_zones() -> list[tuple[str, Text]]:
    return [("", _("As the browser says")), ("UTC", "UTC"), *((name, name.replace("_", " ")) for name in _zone_names())]


def list_waits() -> list[tuple[str, Text]]:
    return [("0", _("None: send at once")), *((str(count), gettext("%(count)d seconds") % {"count": count}) for count in (5, 10, 20, 30))]


OPTIONS: tuple[Option, ...] = (
    Option(
        "language", "general", _("Language"), "",
        (("", _("As the browser says")), ("en-gb", "English"), ("fr", "Français")),
        help=_("Of all pages, and of the dates on them."),
    ),
    Option("time_zone", "general", _("Time zone"), "", list_choices=list_zones),
    Option("theme", "general", _("Theme"), "system", (("system", _("As the system")), ("light", _("Light")), ("dark", _("Dark")))),
    Option("density", "general", _("Density of lists"), "cosy", (("cosy", _("Cosy")), ("compact", _("Compact")), ("roomy", _("Roomy")))),
    Option(
        "show_as", "reading", _("Show letters"), "html",
        (("html", _("As they were written")), ("plain", _("As plain text, where they have one"))),
    ),
    Option(
        "remote_images", "reading", _("Load images from elsewhere"), "ask",
        (("ask", _("Only where I say so")), ("contacts", _("From people in my contacts, where the sender is verified"))),
        help=_("Loading them tells a stranger when and where you read."),
    ),
    Option(
        "compose_format", "writing", _("Write in"), "html", (("html", _("Formatted text")), ("plain", _("Plain text"))),
        help=_("An answer keeps the form of the letter it answers."),
    ),
    Option(
        "undo_seconds", "writing", _("Time to undo sending"), "10", list_choices=list_waits,
        help=_("A letter stays here so long before it leaves."),
    ),
    Option(
        "quote", "writing", _("In an answer, quote the letter"), "below",
        (("below", _("Below what I write")), ("above", _("Above what I write")), ("none", _("Not at all"))),
    ),
    Option(
        "signature", "writing", _("Put the signature"), "always",
        (("always", _("Under every letter")), ("new", _("Under new letters only")), ("never", _("Only where I ask for it"))),
    ),
    Option(
        "forward_as", "writing", _("Forward"), "inline", (("inline", _("Within the letter")), ("attachment", _("As an attached message"))),
    ),
    Option("warn_attachment", "writing", _("Ask when an attachment is mentioned and none is there"), "yes"),
    Option(
        "warn_outside", "writing", _("Mark recipients outside the organisation, and those I never wrote to"), "yes",
        help=_("They are marked beside their name while you write; nothing is held back."),
    ),
    Option("ask_receipt", "writing", _("Ask for a receipt by default"), "no"),
    Option(
        "collect_addresses", "writing", _("Keep the addresses I write to"), "yes",
        help=_("They go to a book of their own and are offered while you type."),
    ),
)  # fmt: skip
BY_NAME: Mapping[str, Option] = {option.name: option for option in OPTIONS}


@dataclass(frozen=True, slots=True)
class Preferences:
    """The values that count for one person. Field names are those of OPTIONS."""

    language: str = ""
    time_zone: str = ""
    theme: str = "system"
    density: str = "cosy"
    show_as: str = "html"
    remote_images: str = "ask"
    compose_format: str = "html"
    undo_seconds: str = "10"
    quote: str = "below"
    signature: str = "always"
    forward_as: str = "inline"
    warn_attachment: str = "yes"
    warn_outside: str = "yes"
    ask_receipt: str = "no"
    collect_addresses: str = "yes"
    locked: frozenset[str] = field(default=frozenset())
    """Names an administrator has set for good."""

    def get(self, name: str) -> str:
        return str(getattr(self, name))

    def is_on(self, name: str) -> bool:
        return self.get(name) == "yes"


_OWN = Prepared(lambda user_id: Preference.objects.filter(user_id=user_id).values_list("name", "value"), -7919)
_RULES_KEY = "preference-rules"
RULES_KEPT = 30
_NAMES = frozenset(one.name for one in fields(Preferences)) - {"locked"}


def read(user: User) -> Preferences:
    """One small query. Rules of the server and of the domain of the login apply, at most RULES_KEPT seconds old."""
    domain = user.login.rpartition("@")[2]
    values: dict[str, Any] = {}
    locked: set[str] = set()
    for of_domain, name, value, is_locked in _rules():
        if of_domain in ("", domain) and name in _NAMES and name not in locked and BY_NAME[name].allows(value):
            values[name] = value
            if is_locked:
                locked.add(name)
    for name, value in _OWN.list(user.pk):
        if name in _NAMES and name not in locked and BY_NAME[name].allows(value):
            values[name] = value
    return Preferences(**values, locked=frozenset(locked))


def _rules() -> list[tuple[str, str, str, bool]]:
    """The server's first, so that a domain's default wins over it and its lock over the domain's."""
    found: list[tuple[str, str, str, bool]] | None = shared_cache.get(_RULES_KEY)
    if found is None:
        found = list(PreferenceRule.objects.order_by("domain").values_list("domain", "name", "value", "is_locked"))
        shared_cache.set(_RULES_KEY, found, RULES_KEPT)
    return found


def save(user: User, chosen: Mapping[str, str]) -> None:
    """Keep some of a person's choices. BadSyntax for one that does not exist, Denied for a locked one; then nothing is kept."""
    locked = read(user).locked
    for name, value in chosen.items():
        option = BY_NAME.get(name)
        if option is None or not option.allows(value):
            raise BadSyntax("That is not one of the choices.", f"{name}={value!r}")
        if name in locked:
            raise Denied("An administrator has set this for everybody.", name)
    Preference.objects.bulk_create(
        [Preference(user=user, name=name, value=value) for name, value in chosen.items()],
        update_conflicts=True,
        unique_fields=["user", "name"],
        update_fields=["value"],
    )


def set_rule(*, name: str, value: str, domain: str = "", is_locked: bool = False) -> None:
    """The default of a domain or of the server ("")."""
    option = BY_NAME.get(name)
    if option is None or not option.allows(value):
        allowed = ", ".join(repr(allowed) for allowed, _label in option.all_choices()) if option else ", ".join(BY_NAME)
        raise BadSyntax(f"Choose one of: {allowed}"[:400], f"{name}={value!r}")
    PreferenceRule.objects.update_or_create(domain=domain.lower(), name=name, defaults={"value": value, "is_locked": is_locked})
    shared_cache.delete(_RULES_KEY)


def remove_rule(*, name: str, domain: str = "") -> bool:
    is_gone = bool(PreferenceRule.objects.filter(domain=domain.lower(), name=name).delete()[0])
    shared_cache.delete(_RULES_KEY)
    return is_gone

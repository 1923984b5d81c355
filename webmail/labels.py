"""Labels: IMAP keywords with a name and a colour, so that every mail program sees them.

The first five are those Thunderbird makes by itself, with its colours as near as ours come.
"""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mailcore.kernel.errors import BadSyntax, Conflict, NotFound
from mailcore.prepared import Prepared

from .models import Label

MAX_LABELS = 60
MAX_NAME = 60
HUES = range(1, 9)
HUE_NAMES = (_("Red"), _("Orange"), _("Leaf green"), _("Green"), _("Sea blue"), _("Blue"), _("Violet"), _("Grey"))
"""For ears, in the order of `HUES`."""
_ATOM = re.compile(r"[A-Za-z0-9$_.-]{1,60}\Z")
_DEFAULTS: tuple[tuple[str, Promise, int], ...] = (
    ("$label1", _("Important"), 1),
    ("$label2", _("Work"), 2),
    ("$label3", _("Personal"), 4),
    ("$label4", _("To do"), 6),
    ("$label5", _("Later"), 7),
)
_LABELS = Prepared(lambda mailbox_id: Label.objects.filter(mailbox_id=mailbox_id), -7919)


@dataclass(frozen=True, slots=True)
class ShownLabel:
    keyword: str
    name: str
    hue: int


def list_labels(mailbox_id: int) -> list[ShownLabel]:
    """The usual five unless renamed or thrown away, then the person's own by name."""
    own = {label.keyword.lower(): label for label in _LABELS.list(mailbox_id)}
    found: list[ShownLabel] = []
    for keyword, name, hue in _DEFAULTS:
        label = own.pop(keyword.lower(), None)
        if label is None:
            found.append(ShownLabel(keyword, str(name), hue))
        elif not label.is_hidden:
            found.append(ShownLabel(label.keyword, label.name, label.hue))
    rest = sorted((label for label in own.values() if not label.is_hidden), key=lambda label: label.name.casefold())
    return found + [ShownLabel(label.keyword, label.name, label.hue) for label in rest]


def find_label(labels: Iterable[ShownLabel], typed: str) -> ShownLabel | None:
    """By keyword or by name, whatever the case."""
    folded = typed.casefold()
    return next((label for label in labels if folded in (label.keyword.casefold(), label.name.casefold())), None)


def add(*, mailbox_id: int, name: str, hue: int) -> ShownLabel:
    """Conflict where a label is called so already. The keyword is the name where IMAP can write it."""
    name = _check(mailbox_id, name, but="")
    keyword = name if _ATOM.match(name) and not name.startswith("$") else f"facteur-{secrets.token_hex(4)}"
    Label.objects.update_or_create(mailbox_id=mailbox_id, keyword=keyword, defaults={"name": name, "hue": _hue(hue), "is_hidden": False})
    return ShownLabel(keyword, name, _hue(hue))


def change(*, mailbox_id: int, keyword: str, name: str, hue: int) -> None:
    """Messages keep the keyword; what it is called changes."""
    known = _get(mailbox_id, keyword)
    name = _check(mailbox_id, name, but=known.keyword)
    Label.objects.update_or_create(mailbox_id=mailbox_id, keyword=known.keyword, defaults={"name": name, "hue": _hue(hue)})


def hide(*, mailbox_id: int, keyword: str) -> None:
    known = _get(mailbox_id, keyword)
    Label.objects.update_or_create(
        mailbox_id=mailbox_id, keyword=known.keyword, defaults={"name": known.name, "hue": known.hue, "is_hidden": True}
    )


def _get(mailbox_id: int, keyword: str) -> ShownLabel:
    for label in list_labels(mailbox_id):
        if label.keyword.lower() == keyword.lower():
            return label
    raise NotFound("There is no such label.", keyword)


def _check(mailbox_id: int, name: str, *, but: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME or any(ord(char) < 32 for char in name):
        raise BadSyntax(f"A label needs a name of at most {MAX_NAME} letters.")
    known = list_labels(mailbox_id)
    if len(known) >= MAX_LABELS and not but:
        raise Conflict(f"There are {MAX_LABELS} labels; that is as many as there can be.")
    if any(label.name.casefold() == name.casefold() and label.keyword != but for label in known):
        raise Conflict(f"There is a label {name} already.")
    return name


def _hue(hue: int) -> int:
    return hue if hue in HUES else 8

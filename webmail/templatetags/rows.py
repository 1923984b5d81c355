"""`{% rows day.rows %}`, `{% row one %}`, `{% card one %}` by the writer; `{% folder_url name %}`; `{% verbs many=True %}`."""

from functools import lru_cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from ..access.port import Folder
from ..labels import ShownLabel
from ..reading import Card
from ..rowhtml import RowWriter
from ..rows import ShownRow

register = template.Library()


@register.simple_tag(takes_context=True)
def rows(context: dict[str, Any], shown: list[ShownRow]) -> SafeString:
    writer: RowWriter = context["writer"]
    return writer.write_all(shown)


@register.simple_tag(takes_context=True)
def row(context: dict[str, Any], one: ShownRow, *, oob: bool = False) -> SafeString:
    writer: RowWriter = context["writer"]
    return writer.write(one, oob=oob)


@register.simple_tag(takes_context=True)
def card(context: dict[str, Any], one: Card) -> SafeString:
    writer: RowWriter = context["writer"]
    return writer.write_card(one.shown, url=one.url, place=one.place)


@register.simple_tag
@lru_cache(maxsize=5_000)
def folder_url(name: str) -> SafeString:
    """As `url "folder" name`, remembered: a page names every folder three times."""
    return escape(reverse("folder", args=[name]))


@register.simple_tag(takes_context=True)
def verbs(context: dict[str, Any], *, many: bool = False, folder: str = "", place: Folder | None = None) -> SafeString:
    """What can be done with a message, or with `many`: every folder and label is a button in it.

    `folder` is no target of a move; `place` is where the message lies, and tells spam and bin.
    """
    at = place.special_use if place else ""  # a search is in no place
    state = (bool(context.get("is_spam")) or at == "\\Junk", bool(context.get("is_bin")) or at == "\\Trash")
    applied = context.get("applied") or frozenset[str]()
    labels = tuple((one, not many and one.keyword.lower() in applied) for one in context["labels"])
    targets = tuple((one.name, one.special_use) for one in context["folders"] if one.name != folder)
    return _write_verbs(get_language(), targets, labels, *state, many=many)


@lru_cache(maxsize=500)
def _write_verbs(
    _language: str,
    targets: tuple[tuple[str, str], ...],
    labels: tuple[tuple[ShownLabel, bool], ...],
    is_spam: bool,
    is_bin: bool,
    *,
    many: bool,
) -> SafeString:
    """Remembered: they differ little from one message to the next, and writing them took half the time of opening one."""
    folders = [Folder(name, special_use, 0, 0) for name, special_use in targets]
    return render_to_string(
        "webmail/_verbs.html", {"folders": folders, "labels": labels, "is_spam": is_spam, "is_bin": is_bin, "many": many}
    )

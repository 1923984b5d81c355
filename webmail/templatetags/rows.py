"""`{% rows day.rows %}` and `{% row one oob=True %}`: list rows by the writer in the context; `{% card one %}`, `{% folder_url name %}`."""

from functools import lru_cache
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString

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

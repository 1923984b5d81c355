"""`{% rows day.rows %}` and `{% row one oob=True %}`: list rows by the writer in the context, or a plain one."""

from typing import Any

from django import template
from django.utils.safestring import SafeString

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

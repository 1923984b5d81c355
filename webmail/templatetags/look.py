"""Tags of the look: icons out of the one sprite, initials and hues, dates as people say them."""

import zlib
from datetime import datetime
from functools import lru_cache

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
@lru_cache(maxsize=1_000)
def icon(name: str, size: str = "", extra: str = "") -> SafeString:
    """`{% icon "inbox" %}`; size "s" or "l"; extra e.g. "i--turn"."""
    classes = " ".join(part for part in ("i", f"i--{size}" if size else "", extra) if part)
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}#i-{}"/></svg>', classes, static("icons.svg"), name)


@register.filter
def initials(name: str) -> str:
    """One or two letters for an avatar: of the first and last word, in any script."""
    words = [word for word in name.replace("@", " ").replace("<", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    if not words[0][0].isascii() and len(words[0]) < 4:
        return words[0][0]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else words[0][1:2])).upper()


@register.filter
def hue(name: str) -> int:
    """1 to 8, the same for the same text everywhere."""
    return zlib.crc32(name.casefold().encode()) % 8 + 1


@register.filter
def when(moment: datetime) -> str:
    """09:41 today, 24 Nov this year, 24 Nov 2024 before."""
    local, now = timezone.localtime(moment), timezone.localtime()
    if local.date() == now.date():
        return f"{local:%H:%M}"
    return f"{local.day} {local:%b}" if local.year == now.year else f"{local.day} {local:%b %Y}"


@register.filter
def postmark_day(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{local.day} {local:%b}".upper()


@register.filter
def size(octets: int) -> str:
    """4.8 MB, 38 KB, 312 bytes."""
    if octets < 1_000:
        return f"{octets} bytes"
    for unit, step in (("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000)):
        if octets < step * 1_000:
            amount = octets / step
            return f"{amount:.0f} {unit}" if amount >= 10 or unit == "KB" else f"{amount:.1f} {unit}"
    return f"{octets / 1e12:.1f} TB"

"""Tags of the look: icons out of the one sprite, initials and hues, dates as people say them."""

import zlib
from datetime import datetime
from functools import lru_cache

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop, ngettext

register = template.Library()
_UNITS = ((gettext_noop("KB"), 1_000), (gettext_noop("MB"), 1_000_000), (gettext_noop("GB"), 1_000_000_000), (gettext_noop("TB"), 1e12))


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
    return date_format(local, gettext("j M") if local.year == now.year else gettext("j M Y"))


@register.filter
def postmark_day(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return date_format(local, gettext("j M")).upper().rstrip(".")


@register.filter
def size(octets: int) -> str:
    """4.8 MB, 38 KB, 312 bytes."""
    if octets < 1_000:
        return ngettext("%(count)d byte", "%(count)d bytes", octets) % {"count": octets}
    for unit, step in _UNITS:
        if octets < step * 1_000 or unit == "TB":
            amount = octets / step
            decimals = 0 if amount >= 10 or unit == "KB" else 1
            return f"{number_format(round(amount, decimals), decimals)} {gettext(unit)}"
    raise AssertionError("the last unit takes everything")

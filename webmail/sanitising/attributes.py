"""One attribute of one element: its value as it may be shown, or nothing.

Serves both cleaners, so that they cannot disagree. Values come in with entities resolved.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from . import policy
from .styles import filter_style

_CONTROLS = re.compile(r"[\x00-\x20\x7f-\x9f\u200b-\u200f\u2028-\u202f\u2060\ufeff]+")
_COLOUR = re.compile(r"#?[0-9A-Za-z]{1,30}\Z")
_LENGTH = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?(?:%|px)?\Z")
_DIGITS = re.compile(r"-?[0-9]{1,6}\Z|[+-]?[0-9]\Z")
_WORD = re.compile(r"[\w .,:+#-]{0,200}\Z")
_COLOURS = frozenset(("bgcolor", "color"))
_LENGTHS = frozenset(("width", "height", "border", "hspace", "vspace", "cellpadding", "cellspacing"))
_NUMBERS = frozenset(("colspan", "rowspan", "span", "start", "value", "size"))
_FREE_TEXT = frozenset(("alt", "title", "abbr"))


@dataclass(slots=True)
class Rewriter:
    images: Mapping[str, str]
    """Content-ID without brackets → the address to show it from."""
    allow_remote: bool
    remote_hosts: set[str] = field(default_factory=set)
    sets_colours: bool = False

    def rewrite(self, tag: str, name: str, value: str) -> str | None:
        """The value to write, or None to leave the attribute out."""
        if name not in policy.GLOBAL_ATTRIBUTES and name not in policy.ATTRIBUTES.get(tag, ()):
            return None
        if name == "href":
            return self._link(value)
        if name == "src":
            return self._image(value)
        if name == "style":
            style = filter_style(value)
            self.sets_colours = self.sets_colours or "color" in style or "background" in style
            return style or None
        if name in _COLOURS:
            self.sets_colours = True
            return value.strip() if _COLOUR.match(value.strip()) else None
        if name in _LENGTHS:
            return value.strip() if _LENGTH.match(value.strip()) else None
        if name in _NUMBERS:
            return value.strip() if _DIGITS.match(value.strip()) else None
        if name in _FREE_TEXT:
            return value
        return value if _WORD.match(value) else None

    def _link(self, value: str) -> str | None:
        """Absolute addresses of known kinds only. A relative one would lead into this very site."""
        address = value.strip(" \t\r\n\f")
        if address.startswith("#"):
            return None
        bare = _CONTROLS.sub("", address)
        if bare != address and not bare.lower().startswith(("http://", "https://")):
            return None
        lowered = bare.lower()
        if not lowered.startswith(policy.SCHEMES):
            return None
        if lowered.startswith(("http://", "https://")):
            try:
                if not urlsplit(bare).hostname:
                    return None
            except ValueError:
                return None
        return bare

    def _image(self, value: str) -> str | None:
        address = _CONTROLS.sub("", value)
        lowered = address.lower()
        if lowered.startswith("cid:"):
            return self.images.get(unquote(address[4:])) or self.images.get(address[4:])
        if not lowered.startswith(("http://", "https://")):
            return None
        try:
            host = urlsplit(address).hostname
        except ValueError:
            return None
        if not host:
            return None
        self.remote_hosts.add(host)
        # Only https is loaded, whatever was asked: a letter must not be read on the way.
        return f"https://{address.split('://', 1)[1]}" if self.allow_remote else None

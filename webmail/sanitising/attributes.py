"""One attribute of one element: its value as it may be shown, or nothing.

Serves both cleaners, so that they cannot disagree. Values come in with entities resolved.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from mailcore.trust.organisations import find_organisation

from . import policy
from .styles import filter_style

_CONTROLS = re.compile(r"[\x00-\x20\x7f-\x9f\u200b-\u200f\u2028-\u202f\u2060\ufeff]+")
_COLOUR = re.compile(r"#?[0-9A-Za-z]{1,30}\Z")
_LENGTH = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?(?:%|px)?\Z")
_DIGITS = re.compile(r"-?[0-9]{1,6}\Z|[+-]?[0-9]\Z")
_WORD = re.compile(r"[\w .,:+#-]{0,200}\Z")
_SPOKEN = re.compile(
    r"(?:https?://(?:[^/@]*@)?(?P<written>[\w.-]+\.[a-z]{2,24})|(?P<said>www\.[\w.-]+\.[a-z]{2,24}|[\w.-]+\.(?:com|org|net|gov|edu)))(?:[:/?#].*)?\Z"
)
"""A text that is an address. "readme.md" is none."""
_LOOKALIKES = frozenset("асеорхуіјѕһԁԛԝᴠ0123456789-αοϲυν")
_COLOURS = frozenset(("bgcolor", "color"))
_LENGTHS = frozenset(("width", "height", "border", "hspace", "vspace", "cellpadding", "cellspacing"))
_NUMBERS = frozenset(("colspan", "rowspan", "span", "start", "value", "size"))
_TINY = re.compile(r"0*[0-2](?:\.[0-9]*)?(?:px)?\Z", re.IGNORECASE)
_STYLED_SIZE = re.compile(r"(?<![\w-])(?:max-)?(?:width|height)\s*:\s*([^;]{1,20})", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0*)?\s*(?:;|\Z)", re.IGNORECASE)
_FREE_TEXT = frozenset(("alt", "title", "abbr"))


@dataclass(slots=True)
class Rewriter:
    images: Mapping[str, str]
    """Content-ID without brackets → the address to show it from."""
    allow_remote: bool
    proxy: Callable[[str], str] | None = None
    """Gives a remote picture's address the one it is shown from; None leaves it."""
    trackers: set[str] = field(default_factory=set)
    """Hosts of pictures nobody could see."""
    remote_hosts: set[str] = field(default_factory=set)
    sets_colours: bool = False
    false_links: set[tuple[str, str]] = field(default_factory=set)

    def compare(self, text: str, target: str) -> None:
        """Note a link whose text is the address of one host while it leads to another, or to letters made to look alike."""
        try:
            host = (urlsplit(target.replace("&amp;", "&")).hostname or "").lower()
        except ValueError:
            return
        spoken = _SPOKEN.match("".join(text.split()).lower())
        if not host or not target.lower().startswith(("http://", "https://")):
            return
        named = (spoken["written"] or spoken["said"]) if spoken else ""
        if named and not _is_same_site(named, host):
            self.false_links.add((named, host))
        elif _looks_forged(host):
            self.false_links.add((_decode_host(host), host))

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
        if not self.allow_remote:
            return None
        secure = f"https://{address.split('://', 1)[1]}"
        return self.proxy(secure) if self.proxy is not None else secure

    def is_tracker(self, attributes: Mapping[str, str]) -> bool:
        """A picture from elsewhere that is too small to be seen, or hidden: it only tells that the letter is read."""
        address = _CONTROLS.sub("", attributes.get("src", ""))
        if not address.lower().startswith(("http://", "https://")):
            return False
        style = attributes.get("style", "")
        sizes = [attributes.get("width", ""), attributes.get("height", ""), *_STYLED_SIZE.findall(style)]
        if not any(_TINY.match(size.strip()) for size in sizes) and not _HIDDEN.search(style):
            return False
        try:
            host = urlsplit(address).hostname
        except ValueError:
            return True
        if host:
            self.trackers.add(host)
        return True


def _is_same_site(spoken: str, host: str) -> bool:
    """One of the two lies below the other, or both below one name: news.shop.example and www.shop.example."""
    one, other = spoken.removeprefix("www."), host.removeprefix("www.")
    if one == other or one.endswith(f".{other}") or other.endswith(f".{one}"):
        return True
    return find_organisation(one) == find_organisation(other)


def _looks_forged(host: str) -> bool:
    """A label that mixes Latin with letters that only look so (Unicode TR 39 §5.2, the short form)."""
    for label in _decode_host(host).split("."):
        scripts = {unicodedata.name(char, "").split(" ")[0] for char in label if char.isalpha()}
        if "LATIN" in scripts and scripts & {"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}:
            return True
        if scripts and scripts <= {"CYRILLIC", "GREEK"} and set(label) <= _LOOKALIKES:
            return True
    return False


def _decode_host(host: str) -> str:
    try:
        return ".".join(label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label for label in host.split("."))
    except (UnicodeError, ValueError):
        return host

"""A letter's HTML cleaned in one pass of parse, filter, serialise; nothing touches the text afterwards.

Bleach for what people write, nh3 for what is large or deeply nested (html5lib is quadratic
there). Both use the same policy and the same attribute rules.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

import nh3
from bleach import html5lib_shim
from bleach.html5lib_shim import Filter
from bleach.sanitizer import BleachSanitizerFilter, Cleaner

from . import policy
from .attributes import Rewriter

# Which of these an attribute may hold is decided by its rewriter; cid: only where a letter of one's own is written.
_PROTOCOLS = ("http", "https", "mailto", "tel", "data", "cid")
MAX_FALSE_LINKS = 5
MAX_LINK_TEXT = 300
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")


@dataclass(frozen=True, slots=True)
class Letter:
    html: str
    remote_hosts: tuple[str, ...]
    """Hosts that images would have been loaded from, sorted."""
    sets_colours: bool
    """False: it can be shown in the colours of the page around it."""
    false_links: tuple[tuple[str, str], ...] = ()
    """(host a link speaks of, host it leads to) where the two differ; at most MAX_FALSE_LINKS."""
    trackers: tuple[str, ...] = ()
    """Hosts of pictures that nobody could see, sorted. They are never loaded."""
    is_complete: bool = True
    """False: too large or too deep to be cleaned, nothing is shown."""


def sanitize_html(html: str, *, images: Mapping[str, str], allow_remote: bool, proxy: Callable[[str], str] | None = None) -> Letter:
    """`proxy` gives the address a remote picture is shown from."""
    depth = estimate_depth(html)
    if len(html) > policy.MAX_HTML or depth > policy.MAX_DEPTH:
        return Letter("", (), False, is_complete=False)
    rewriter = Rewriter(images, allow_remote, proxy)
    if len(html) > policy.MAX_BLEACH or depth > policy.MAX_BLEACH_DEPTH:
        clean = _clean_fast(html, rewriter)
    else:
        clean = _OnePass(rewriter).clean(html)
    return Letter(
        clean,
        tuple(sorted(rewriter.remote_hosts)),
        rewriter.sets_colours,
        tuple(sorted(rewriter.false_links))[:MAX_FALSE_LINKS],
        tuple(sorted(rewriter.trackers)),
    )


def estimate_depth(html: str) -> int:
    """Upper bound of how deep elements nest, in one cheap scan: unclosed ones count as nested."""
    depth = deepest = 0
    for match in _TAG.finditer(html):
        if match.group(1):
            depth = max(0, depth - 1)
        elif match.group(2).lower() not in policy.VOID and match.group(2).lower() not in ("p", "li", "td", "tr", "th", "dd", "dt"):
            depth += 1
            deepest = max(deepest, depth)
    return deepest


def _clean_fast(html: str, rewriter: Rewriter) -> str:
    def rewrite(tag: str, name: str, value: str) -> str | None:
        # These two are set by the cleaner itself, after it dropped the letter's own.
        return value if tag == "a" and name in ("target", "rel") else rewriter.rewrite(tag, name, value)

    return nh3.clean(
        html,
        tags=set(policy.TAGS),
        clean_content_tags=set(policy.DROPPED - policy.VOID),
        attributes={tag: set(policy.GLOBAL_ATTRIBUTES | policy.ATTRIBUTES.get(tag, frozenset())) for tag in policy.TAGS},
        attribute_filter=rewrite,
        url_schemes={"http", "https", "mailto", "tel", "data", "cid"},
        set_tag_attribute_values={"a": {"target": "_blank"}},
        link_rel="noopener noreferrer",
        strip_comments=True,
    )


class _OnePass(Cleaner):  # type: ignore[misc]
    """Bleach's cleaner with three more filters in the same stream.

    The parser is told of no tag list, so that `<style>` and its kind reach the tree as elements
    and can be dropped with what they hold; the stock cleaner lets their text through.
    """

    def __init__(self, rewriter: Rewriter) -> None:
        super().__init__(tags=policy.TAGS, attributes=lambda *_: True, protocols=_PROTOCOLS, strip=True)
        self.rewriter = rewriter
        self.parser = _Parser(tags=None, strip=True, consume_entities=False, namespaceHTMLElements=False)
        self.serializer = _Serializer(
            quote_attr_values="always", omit_optional_tags=False, escape_lt_in_attrs=True, resolve_entities=False,
            sanitize=False, alphabetical_attributes=False,
        )  # fmt: skip

    def clean(self, text: str) -> str:
        dom = self.parser.parse(text)
        stream: Any = _DropSubtrees(self.walker(dom))
        stream = _RewriteAttributes(stream, self.rewriter)
        stream = BleachSanitizerFilter(
            source=stream,
            allowed_tags=self.tags,
            attributes=self.attributes,
            strip_disallowed_tags=True,
            strip_html_comments=True,
            css_sanitizer=_AlreadyFiltered(),
            allowed_protocols=self.protocols,
        )
        return str(self.serializer.render(stream))


class _Parser(html5lib_shim.BleachHTMLParser):  # type: ignore[misc]
    """Bleach's parser with a tokeniser that does not note down each character."""

    def _parse(self, stream: str, innerHTML: bool = False, container: str = "div", scripting: bool = True, **more: Any) -> None:
        self.innerHTMLMode, self.container, self.scripting = innerHTML, container, scripting
        self.tokenizer = _Tokenizer(stream=stream, consume_entities=self.consume_entities, parser=self, **more)
        self.reset()
        self.mainLoop()


class _Tokenizer(html5lib_shim.BleachHTMLTokenizer):  # type: ignore[misc]
    """Bleach keeps what was read since the last "<", to show tags that are not allowed as text.

    Here none is shown so; a tag that is cut off by the end of the letter is dropped, as browsers do.
    """

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.stream = self.stream._inner_stream
        self.stream.start_tag = _nothing
        self.stream.get_tag = str


def _nothing() -> None:
    """In the place of a note nobody reads."""


class _Serializer(html5lib_shim.BleachHTMLSerializer):  # type: ignore[misc]
    """Writes the same text as Bleach's does, a tag in one piece in place of one for each sign of it."""

    def serialize(self, treewalker: Any, encoding: str | None = None) -> Iterator[str]:
        del encoding
        for token in treewalker:
            kind = token["type"]
            if kind == "Characters":
                yield escape(token["data"])
            elif kind in ("StartTag", "EmptyTag"):
                written = "".join([f' {name}="{self._quote(value)}"' for (_, name), value in token["data"].items()])
                yield f"<{token['name']}{written}>"
            elif kind == "EndTag":
                yield f"</{token['name']}>"
            elif kind == "SpaceCharacters":
                yield token["data"]
            elif kind == "Entity":
                yield f"&{token['name']};"

    def _quote(self, value: str) -> str:
        escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
        return "".join(self.escape_base_amp(escaped)) if "&" in escaped else escaped


class _AlreadyFiltered:
    """Styles were rewritten one step earlier, by the rules both cleaners share."""

    @staticmethod
    def sanitize_css(style: str) -> str:
        return style


class _DropSubtrees(Filter):  # type: ignore[misc]
    """Leaves out elements whose content is not text, doctypes and comments."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        inside = 0
        for token in Filter.__iter__(self):
            kind = token["type"]
            if kind in ("StartTag", "EndTag", "EmptyTag"):
                is_foreign = token.get("namespace") not in (None, "http://www.w3.org/1999/xhtml")
                if token["name"].lower() in policy.DROPPED or is_foreign:
                    if kind != "EmptyTag":
                        inside += 1 if kind == "StartTag" else -1
                    continue
            if inside or kind in ("Doctype", "Comment"):
                continue
            yield token


class _RewriteAttributes(Filter):  # type: ignore[misc]
    """Gives each attribute its harmless value, and each link its target."""

    def __init__(self, source: Any, rewriter: Rewriter) -> None:
        super().__init__(source)
        self.rewriter = rewriter

    def __iter__(self) -> Iterator[dict[str, Any]]:
        target, text = "", ""
        for token in Filter.__iter__(self):
            kind, name = token["type"], token.get("name", "")
            if kind in ("StartTag", "EmptyTag"):
                token["data"] = self._rewrite(name.lower(), token["data"])
                if name == "a":
                    target, text = token["data"].get((None, "href"), ""), ""
            elif kind in ("Characters", "SpaceCharacters", "Entity"):
                text += token.get("data", "") if target and len(text) < MAX_LINK_TEXT else ""
            elif kind == "EndTag" and name == "a":
                self.rewriter.compare(text, target)
                target = ""
            yield token

    def _rewrite(self, tag: str, data: dict[Any, str]) -> dict[Any, str]:
        kept: dict[Any, str] = {}
        if tag == "img" and self.rewriter.is_tracker(
            {name.lower(): html5lib_shim.convert_entities(text) for (_, name), text in data.items()}
        ):
            return kept
        for (namespace, name), value in data.items():
            if namespace is not None:
                continue
            found = self.rewriter.rewrite(tag, name.lower(), html5lib_shim.convert_entities(value))
            if found is not None:
                # The serialiser leaves entities as they are, so a bare & must not become one.
                kept[(None, name.lower())] = found.replace("&", "&amp;")
        if tag == "a" and (None, "href") in kept:
            kept[(None, "target")] = "_blank"
            kept[(None, "rel")] = "noopener noreferrer"
        return kept

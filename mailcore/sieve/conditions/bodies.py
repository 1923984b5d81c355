"""`body`: text of the message or of its parts (RFC 5173). Wildcards set no match variables (§6)."""

from collections.abc import Callable, Sequence

from mailcore.mime import charsets
from mailcore.mime.content import text_of
from mailcore.mime.htmltext import html_to_text
from mailcore.mime.parts import Part

from .. import tags
from ..compiler import Compiler, TestWord
from ..letter import Letter
from ..matching import make_matcher
from ..run import Condition, Run
from ..signatures import Bound, Kind, Signature, TagRule

Texts = Callable[[Run], Sequence[str]]


def _body(compiler: Compiler, bound: Bound) -> Condition:
    keys = compiler.strings(bound.strings(0))
    matcher = make_matcher(compiler.match(bound, captures=False), keys)
    texts = _texts(compiler, bound)
    return lambda run: matcher(run, texts(run))


def _texts(compiler: Compiler, bound: Bound) -> Texts:
    if bound.has("raw"):
        return lambda run: [charsets.decode(_raw_body(run.letter)[: run.limits.max_body_text])]
    written = bound.tag_strings("content")
    if written is None:
        return lambda run: _visible_texts(run)
    kinds = compiler.strings(written)
    return lambda run: _content_texts(run, [kind.lower() for kind in kinds.get(run)])


def _raw_body(letter: Letter) -> bytes:
    return letter.raw[letter.headers.end :]


def _visible_texts(run: Run) -> list[str]:
    """RFC 5173 §5.3: every text part as a person would read it."""
    out: list[str] = []
    room = run.limits.max_body_text
    for part in run.letter.parts():
        run.spend(1)
        if part.type == "text" and room > 0:
            text = text_of(run.letter.raw, part, room * 2)
            out.append((html_to_text(text) if part.subtype == "html" else text)[:room])
            room -= len(out[-1])
    return out


def _content_texts(run: Run, kinds: Sequence[str]) -> list[str]:
    """RFC 5173 §5.2: parts of these types; of a multipart what stands before its parts, of a message its header."""
    out: list[str] = []
    room = run.limits.max_body_text
    for part in run.letter.parts():
        run.spend(1)
        if room > 0 and any(_is_kind(part, kind) for kind in kinds):
            out.append(_content(run.letter, part, room)[:room])
            room -= len(out[-1])
    return out


def _is_kind(part: Part, kind: str) -> bool:
    """§5.2: "" is every type, a type without a slash every subtype; one with two slashes is none."""
    if not kind:
        return True
    return part.content_type == kind if "/" in kind else part.type == kind


def _content(letter: Letter, part: Part, room: int) -> str:
    if part.message is not None:
        inner = part.message.root
        return charsets.decode(letter.raw[inner.header_start : inner.body_start][:room])
    if part.is_multipart:
        end = part.children[0].header_start if part.children else part.body_end
        return charsets.decode(letter.raw[part.body_start : end][:room])
    return text_of(letter.raw, part, room * 2)


_TAGS = {
    "raw": TagRule(group="body transform"),
    "text": TagRule(group="body transform"),
    "content": TagRule(Kind.STRINGS, "body transform"),
}
TESTS: dict[str, TestWord] = {"body": TestWord(Signature(tags=tags.MATCH | _TAGS, values=(Kind.STRINGS,)), _body, "body")}

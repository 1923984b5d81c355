"""`addheader` and `deleteheader` (RFC 5293). The message itself stays; later actions take an edited copy."""

import re

from mailcore.mime.folding import fold, write_text
from mailcore.mime.headers import Field, decode_value

from .. import tags
from ..compiler import CommandWord, Compiler
from ..faults import RunFault, ScriptFault
from ..letter import Letter
from ..matching import Matcher
from ..run import Run, Signal, Step
from ..signatures import Bound, Kind, Signature, TagRule
from ..strings import StringList

_NAME = re.compile(r"[!-9;-~]{1,76}\Z")
PROTECTED = frozenset(("received", "auto-submitted", "delivered-to", "return-path"))
"""RFC 5293 §6 forbids to delete the first two; the others keep mail from going round."""
MAX_VALUE = 4_096
MAX_HEADER = 262_144


def _addheader(compiler: Compiler, bound: Bound) -> Step:
    name, value = compiler.string(bound.strings(0)), compiler.string(bound.strings(1))
    if name.constant is not None and not _NAME.match(name.constant):
        raise ScriptFault(name.place, f"“{name.constant[:60]}” is not the name of a header field")
    last = bound.has("last")

    def step(run: Run) -> Signal | None:
        field_name = name.get(run)
        if not _NAME.match(field_name):
            raise RunFault(f"“{field_name[:60]}” is not the name of a header field")
        _replace(run, _insert(run.letter, write_field(field_name, value.get(run)), last=last))
        return None

    return step


def write_field(name: str, value: str) -> bytes:
    """One field with its line end; text beyond ASCII as encoded words, long lines folded."""
    text = " ".join("".join(char if char.isprintable() else " " for char in value).split())[:MAX_VALUE]
    return fold(name, write_text(text))


def _insert(letter: Letter, field: bytes, *, last: bool) -> bytes:
    header = letter.header_bytes
    if not last:
        return field + (header or b"\r\n")
    fields = letter.headers.fields
    end = fields[-1].end if fields else 0
    return header[:end] + field + (header[end:] or b"\r\n")


def _replace(run: Run, header: bytes) -> None:
    if len(header) > max(MAX_HEADER, 2 * len(run.letter.header_bytes)):
        raise RunFault("the header grows too long")
    run.spend(20)
    run.letter = run.letter.with_header(header)


def _deleteheader(compiler: Compiler, bound: Bound) -> Step:
    name = compiler.string(bound.strings(0))
    if name.constant is not None and not _NAME.match(name.constant):
        raise ScriptFault(name.place, f"“{name.constant[:60]}” is not the name of a header field")
    keys: StringList | None = compiler.strings(bound.strings(1)) if bound.values[1] is not None else None
    matcher = compiler.matcher(bound, keys) if keys is not None else None
    index, last = bound.tag_number("index"), bound.has("last")
    if (last and index is None) or index == 0:
        raise ScriptFault(bound.place, "“:last” is used with “:index”, which counts from 1")

    def step(run: Run) -> Signal | None:
        field_name = name.get(run).lower()
        if field_name not in PROTECTED:
            gone = _choose(run, run.letter.headers.get_fields(field_name), index, last, matcher)
            if gone:
                _replace(run, _cut(run.letter.header_bytes, gone))
        return None

    return step


def _choose(run: Run, fields: list[Field], index: int | None, last: bool, matcher: Matcher | None) -> list[Field]:
    if index is not None:
        position = len(fields) - index if last else index - 1
        fields = [fields[position]] if 0 <= position < len(fields) else []
    return fields if matcher is None else [field for field in fields if matcher(run, [decode_value(field.value).strip()])]


def _cut(header: bytes, fields: list[Field]) -> bytes:
    kept, position = [], 0
    for field in fields:
        kept.append(header[position : field.start])
        position = field.end
    return b"".join(kept) + header[position:] or b"\r\n"


_DELETE_TAGS = tags.MATCH | {"index": TagRule(Kind.NUMBER, "index"), "last": TagRule(None, "last")}
COMMANDS: dict[str, CommandWord] = {
    "addheader": CommandWord(Signature(tags={"last": TagRule(None, "last")}, values=(Kind.STRING, Kind.STRING)), _addheader, "editheader"),
    "deleteheader": CommandWord(
        Signature(tags=_DELETE_TAGS, values=(Kind.STRING, Kind.STRINGS), optional="last"), _deleteheader, "editheader"
    ),
}

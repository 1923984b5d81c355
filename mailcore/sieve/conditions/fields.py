"""Which header values a test looks at: by name, by index, in which parts.

RFC 5228 §5.1, §5.7; RFC 5260 §6 (`:index`, `:last`); RFC 5703 §4 (`:mime`, `:anychild` and options).
"""

from collections.abc import Callable, Sequence

from mailcore.mime import words
from mailcore.mime.headers import Headers
from mailcore.mime.parameters import parse_content_type, parse_disposition
from mailcore.mime.parts import Part

from ..compiler import Compiler
from ..faults import ScriptFault
from ..letter import Letter, read_raw
from ..run import Run
from ..signatures import Bound
from ..strings import StringList

Values = Callable[[Run], Sequence[str]]
RawValues = Callable[[Run, str], list[str]]
"""(run, lower-case name) → values of that name, encoded words left in."""
Pick = Callable[[list[str]], list[str]]


def make_pick(compiler: Compiler, bound: Bound) -> Pick | None:
    """None where no index is given."""
    if not bound.has("index"):
        if bound.has("last"):
            raise ScriptFault(bound.tag_places["last"], "“:last” is used together with “:index”")
        return None
    index = bound.tag_number("index") or 0
    if index < 1:
        raise ScriptFault(bound.tag_places["index"], "“:index” counts from 1")
    position = -index if bound.has("last") else index - 1

    def pick(values: list[str]) -> list[str]:
        inside = -len(values) <= position < len(values)
        return [values[position]] if inside else []

    return pick


def check_mime(bound: Bound) -> None:
    for tag in ("anychild", "type", "subtype", "contenttype", "param"):
        if bound.has(tag) and not bound.has("mime"):
            raise ScriptFault(bound.tag_places[tag], f"“:{tag}” is used together with “:mime”")


def header_values(compiler: Compiler, bound: Bound, names: StringList) -> Values:
    """What the `header` test compares."""
    check_mime(bound)
    pick = make_pick(compiler, bound)
    if bound.has("mime"):
        return _mime_values(compiler, bound, names, pick)
    if names.constant is None:
        return lambda run: _plain_values(run, [name.lower() for name in names.get(run)], pick)
    lowered = [name.lower() for name in names.constant]
    if len(lowered) == 1 and pick is None:
        only = lowered[0]
        return lambda run: run.letter.values(only)
    return lambda run: _plain_values(run, lowered, pick)


def _plain_values(run: Run, names: Sequence[str], pick: Pick | None) -> list[str]:
    values: list[str] = []
    for name in names:
        found = run.letter.values(name)
        values += found if pick is None else pick(found)
    return values


def raw_values(compiler: Compiler, bound: Bound) -> RawValues:
    """Values as written, for tests that read them themselves (`address`, `date`)."""
    check_mime(bound)
    pick = make_pick(compiler, bound)
    is_mime, every = bound.has("mime"), bound.has("anychild")

    def values(run: Run, name: str) -> list[str]:
        if is_mime:
            found = [read_raw(field.value) for headers in part_headers(run, every=every) for field in headers.get_fields(name)]
        else:
            found = run.letter.raw_values(name)
        return found if pick is None else pick(found)

    return values


def part_headers(run: Run, *, every: bool) -> list[Headers]:
    """Of the part the loop is at, else the message; with `every`, of all parts in it too."""
    part = run.part or run.letter.root
    parts = run.letter.parts(part) if every else [part]
    run.spend(len(parts))
    return [_headers_of(run.letter, one) for one in parts]


def _headers_of(letter: Letter, part: Part) -> Headers:
    return letter.headers if part.header_start == 0 else letter.part_headers(part)


def _mime_values(compiler: Compiler, bound: Bound, names: StringList, pick: Pick | None) -> Values:
    every = bound.has("anychild")
    option = bound.chosen("type", "subtype", "contenttype", "param")
    written = bound.tag_strings("param")
    wanted = compiler.strings(written) if written is not None else None

    def values(run: Run) -> list[str]:
        out: list[str] = []
        for name in names.get(run):
            found = [read_raw(field.value) for headers in part_headers(run, every=every) for field in headers.get_fields(name)]
            parameters = [one.lower() for one in wanted.get(run)] if wanted is not None else []
            for value in found if pick is None else pick(found):
                out += _take_option(name.lower(), value, option, parameters)
        return out

    return values


def _take_option(name: str, value: str, option: str, wanted: Sequence[str]) -> list[str]:
    """RFC 5703 §4.2: one aspect of a Content-Type or Content-Disposition value."""
    if not option:
        return [words.decode(value)]
    if name == "content-disposition":
        kind, parameters = parse_disposition(value)
        subtype = ""
    else:
        kind, subtype, parameters = parse_content_type(value)
    if option == "param":
        return [parameters[one] for one in wanted if one in parameters]
    if option == "type":
        return [kind]
    if option == "subtype":
        return [subtype]
    return [f"{kind}/{subtype}" if subtype else kind]

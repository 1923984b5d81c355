"""Going through the parts of a message: `foreverypart`, `break`, `extracttext` (RFC 5703 §3, §7)."""

from mailcore.mime.content import text_of

from ..compiler import CommandWord, Compiler
from ..faults import ScriptFault
from ..run import Run, Signal, Step
from ..signatures import Bound, Kind, Signature, TagRule
from .variables import MODIFIER_TAGS, check_name, make_modifier

MAX_LOOPS = 4


def _foreverypart(compiler: Compiler, bound: Bound) -> Step:
    written = bound.tag_strings("name")
    name = compiler.constant(written, "“:name”") if written is not None else ""
    if len(compiler.loops) >= MAX_LOOPS:
        raise ScriptFault(bound.place, f"loops are nested deeper than {MAX_LOOPS}")
    compiler.loops.append(name)
    block = compiler.block(bound.block)
    compiler.loops.pop()

    def step(run: Run) -> Signal | None:
        outer = run.part
        # At the top every part and the message itself; inside a loop what the part there holds.
        parts = run.letter.parts() if outer is None else run.letter.parts(outer)[1:]
        try:
            for part in parts:
                run.spend(1)
                run.part = part
                signal = block(run)
                if signal is Signal.BREAK and run.breaking in ("", name):
                    return None
                if signal is not None:
                    return signal
        finally:
            run.part = outer
        return None

    return step


def _break(compiler: Compiler, bound: Bound) -> Step:
    written = bound.tag_strings("name")
    name = compiler.constant(written, "“:name”") if written is not None else ""
    if not compiler.loops or (name and name not in compiler.loops):
        raise ScriptFault(bound.place, "“break” stands outside of the loop it should leave")

    def step(run: Run) -> Signal | None:
        run.breaking = name
        return Signal.BREAK

    return step


def _extracttext(compiler: Compiler, bound: Bound) -> Step:
    if not compiler.loops:
        raise ScriptFault(bound.place, "“extracttext” stands inside “foreverypart”")
    compiler.need("variables", "“extracttext”", bound.place)
    name, modify, first = check_name(compiler, bound.strings(0)), make_modifier(bound), bound.tag_number("first")

    def step(run: Run) -> Signal | None:
        limit = run.limits.max_variable if first is None else min(first, run.limits.max_variable)
        text = ""
        if run.part is not None and run.part.type == "text":
            run.spend(10)
            text = text_of(run.letter.raw, run.part, limit * 8 + 64)[:limit]
        run.set_variable(name, modify(text))
        return None

    return step


_NAME = {"name": TagRule(Kind.STRING, "name")}
COMMANDS: dict[str, CommandWord] = {
    "foreverypart": CommandWord(Signature(tags=_NAME, block=True), _foreverypart, "foreverypart"),
    "break": CommandWord(Signature(tags=_NAME), _break, "foreverypart"),
    "extracttext": CommandWord(
        Signature(tags=MODIFIER_TAGS | {"first": TagRule(Kind.NUMBER, "first")}, values=(Kind.STRING,)), _extracttext, "extracttext"
    ),
}

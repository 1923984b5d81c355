"""`stop`, `include`, `return`, and `error` (RFC 5228 §3.3, RFC 6609, RFC 5463 §5)."""

from ..compiler import CommandWord, Compiler
from ..faults import RunFault, ScriptFault
from ..run import Run, Scope, Signal, Step
from ..signatures import Bound, Kind, Signature, TagRule


def _stop(compiler: Compiler, bound: Bound) -> Step:
    return lambda run: Signal.STOP


def _return(compiler: Compiler, bound: Bound) -> Step:
    return lambda run: Signal.RETURN


def _error(compiler: Compiler, bound: Bound) -> Step:
    text = compiler.string(bound.strings(0))

    def step(run: Run) -> Signal | None:
        raise RunFault(text.get(run)[:500])

    return step


def _include(compiler: Compiler, bound: Bound) -> Step:
    location = "global" if bound.has("global") else "personal"
    name = compiler.constant(bound.strings(0), "the name of a script")
    if not name or "/" in name:
        raise ScriptFault(bound.strings(0).place, "that is not the name of a script")
    once, optional = bound.has("once"), bound.has("optional")
    key = (location, name)

    def step(run: Run) -> Signal | None:
        if once and key in run.included:
            return None
        return _run_included(run, key, optional)

    return step


def _run_included(run: Run, key: tuple[str, str], optional: bool) -> Signal | None:
    location, name = key
    run.includes += 1
    if run.includes > run.limits.max_includes:
        raise RunFault(f"more than {run.limits.max_includes} scripts are included")
    if len(run.stack) >= run.limits.max_include_depth:
        raise RunFault(f"scripts include each other deeper than {run.limits.max_include_depth}")
    try:
        script = run.world.find_script(location, name)
    except ScriptFault as fault:
        raise RunFault(f"the included script “{name}” cannot be used: {fault.public}") from fault
    if script is None:
        if optional:
            return None
        raise RunFault(f"there is no {location} script “{name}”")
    if script in run.stack:
        raise RunFault(f"the script “{name}” includes itself")
    run.included.add(key)
    outer, run.scope = run.scope, Scope()
    run.stack.append(script)
    try:
        signal = script.block(run)
    finally:
        run.stack.pop()
        run.scope = outer
    return Signal.STOP if signal is Signal.STOP else None


_INCLUDE_TAGS = {
    "personal": TagRule(None, "location"),
    "global": TagRule(None, "location"),
    "once": TagRule(None, "once"),
    "optional": TagRule(None, "optional"),
}
COMMANDS: dict[str, CommandWord] = {
    "stop": CommandWord(Signature(), _stop),
    "return": CommandWord(Signature(), _return, "include"),
    "include": CommandWord(Signature(tags=_INCLUDE_TAGS, values=(Kind.STRING,)), _include, "include"),
    "error": CommandWord(Signature(values=(Kind.STRING,)), _error, "ihave"),
}

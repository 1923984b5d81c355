"""A script ready to run. Compile once, keep, and run on as many messages as come."""

from dataclasses import dataclass

from .actions import At, Keep, Outcome
from .compiler import Compiler
from .faults import Place, RunFault, ScriptFault
from .letter import Letter
from .limits import DEFAULT, Limits
from .parser import parse
from .run import Run, Signal, Step, finish
from .vocabulary import VOCABULARY
from .world import World


@dataclass(frozen=True, slots=True, eq=False)
class Script:
    name: str
    block: Step
    required: frozenset[str]

    def run(self, letter: Letter, world: World, limits: Limits = DEFAULT) -> Outcome:
        """What to do with one message. A script that fails keeps it: all of its actions count, or none."""
        run = Run(letter, world, limits)
        run.stack.append(self)
        try:
            self.block(run)
            actions = finish(run)
        except RunFault as fault:
            at = At(fault.script or self.name, (fault.place or Place(1, 1)).line)
            return Outcome(actions=(Keep(at=None),), error=fault.text, failed_at=at, notes=tuple(run.notes))
        return Outcome(actions=actions, seen=tuple(run.seen), notes=tuple(run.notes))


def compile_script(text: bytes | str, *, name: str = "", traced: bool = False, limits: Limits = DEFAULT) -> Script:
    """Raises ScriptFault with the place of the first thing that is wrong. `traced` scripts account for each test."""
    compiler = Compiler(VOCABULARY, name=name, traced=traced, limits=limits)
    block = compiler.program(parse(text, limits))
    return Script(name, block, compiler.required)


def make_broken(name: str, fault: ScriptFault) -> Script:
    """In place of a stored script that can no longer be used: it fails on every message, which is kept."""

    def block(run: Run) -> Signal | None:
        raise RunFault(fault.text, fault.place, name)

    return Script(name, block, frozenset())

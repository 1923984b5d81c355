"""The state of one run, and the limits that end it."""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING

from mailcore.mime.parts import Part

from .actions import Action, At, Discard, FileInto, Keep, Note, Notify, Redirect, Reject, Seen, Vacation
from .faults import RunFault
from .letter import Letter
from .limits import DEFAULT, Limits
from .world import World

if TYPE_CHECKING:
    from .script import Script


class Signal(Enum):
    """Why a block ended before its end."""

    STOP = "stop"
    RETURN = "return"
    BREAK = "break"


Step = Callable[["Run"], Signal | None]
Condition = Callable[["Run"], bool]


class Scope:
    """Variables of one script; included scripts have their own (RFC 6609 §3.3)."""

    __slots__ = ("globals", "matches", "variables")

    def __init__(self) -> None:
        self.variables: dict[str, str] = {}
        self.globals: set[str] = set()
        self.matches: Sequence[str] = ()

    def match_value(self, index: int) -> str:
        return self.matches[index] if index < len(self.matches) else ""


class Run:
    __slots__ = (
        "actions", "breaking", "cancels_keep", "flags", "globals", "included", "includes", "letter", "limits", "notes", "part",
        "redirects", "scope", "seen", "stack", "steps", "world",
    )  # fmt: skip

    def __init__(self, letter: Letter, world: World, limits: Limits = DEFAULT) -> None:
        self.letter = letter
        self.world = world
        self.limits = limits
        self.steps = 0
        self.actions: list[Action] = []
        self.cancels_keep = False
        self.flags: list[str] = []
        """RFC 5232 §3: the internal variable."""
        self.scope = Scope()
        self.globals: dict[str, str] = {}
        self.seen: list[Seen] = []
        self.notes: list[Note] = []
        self.redirects = 0
        self.stack: list[Script] = []
        self.included: set[tuple[str, str]] = set()
        self.includes = 0
        self.part: Part | None = None
        """The part `foreverypart` is at."""
        self.breaking: str | None = None
        """Name of the loop a `break` leaves; "" is the innermost."""

    def spend(self, steps: int) -> None:
        self.steps += steps
        if self.steps > self.limits.max_steps:
            raise RunFault(f"the script takes more than {self.limits.max_steps} steps")

    # -- variables --------------------------------------------------------------------------

    def get_variable(self, name: str) -> str:
        key = name.lower()
        if key.startswith("global."):
            return self.globals.get(key[7:], "")
        if key in self.scope.globals:
            return self.globals.get(key, "")
        return self.scope.variables.get(key, "")

    def set_variable(self, name: str, value: str) -> None:
        key = name.lower()
        where = self.scope.variables
        if key.startswith("global."):
            key, where = key[7:], self.globals
        elif key in self.scope.globals:
            where = self.globals
        if key not in where and len(where) >= self.limits.max_variables:
            raise RunFault(f"the script has more than {self.limits.max_variables} variables")
        where[key] = value[: self.limits.max_variable]

    # -- actions ------------------------------------------------------------------------------

    @property
    def header(self) -> bytes | None:
        return self.letter.header_bytes if self.letter.is_edited else None

    def act(self, action: Action, *, cancels_keep: bool) -> None:
        """Take an action on; RunFault where it cannot stand beside the others."""
        self._check_beside(action)
        if isinstance(action, Redirect):
            if any(isinstance(one, Redirect) and one.address.lower() == action.address.lower() for one in self.actions):
                self.cancels_keep |= cancels_keep
                return
            self.redirects += 1
            if self.redirects > self.limits.max_redirects:
                raise RunFault(f"more than {self.limits.max_redirects} redirects")
        if len(self.actions) >= self.limits.max_actions:
            raise RunFault(f"more than {self.limits.max_actions} actions")
        self.actions.append(action)
        self.cancels_keep |= cancels_keep

    def _check_beside(self, action: Action) -> None:
        """RFC 5429 §2.2, RFC 5230 §4.7: a refused message is not delivered or answered, and neither is done twice."""
        for other in self.actions:
            pair = {type(action), type(other)}
            if Reject in pair and (pair == {Reject} or pair & {Keep, FileInto, Redirect, Vacation}):
                raise RunFault(f"{_name(action)} cannot be used together with {_name(other)}")
            if pair == {Vacation}:
                raise RunFault("vacation is used twice")


def _name(action: Action) -> str:
    if isinstance(action, Reject):
        return "ereject" if action.is_envelope else "reject"
    return {Keep: "keep", FileInto: "fileinto", Redirect: "redirect", Discard: "discard", Vacation: "vacation", Notify: "notify"}[
        type(action)
    ]


def finish(run: Run) -> tuple[Action, ...]:
    """The actions with the implicit keep where nothing cancelled it (RFC 5228 §2.10.2)."""
    if run.cancels_keep:
        return tuple(run.actions)
    return (*run.actions, Keep(at=None, flags=tuple(run.flags), header=run.header))


__all__ = ["At", "Condition", "Run", "Scope", "Signal", "Step", "finish"]

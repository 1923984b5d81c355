"""What the scripts of one mailbox decide about one message, all of them together. Changes nothing.

They run in order: those of the house and the domain before, the owner's, those after. Each next one runs while the
message is still to be kept; what an earlier one decided besides stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mailcore.sieve.actions import Action, At, Keep, Note, Seen
from mailcore.sieve.letter import Letter
from mailcore.sieve.world import World

from .compiled import Ready


@dataclass(frozen=True, slots=True)
class Failure:
    """A script that failed on this message, which was then kept."""

    script_id: int
    at: At
    text: str

    def __str__(self) -> str:
        return f"{self.at}: {self.text}"


@dataclass(frozen=True, slots=True)
class Decision:
    actions: tuple[Action, ...]
    seen: tuple[Seen, ...] = ()
    failures: tuple[Failure, ...] = ()
    notes: tuple[Note, ...] = ()


def decide(chain: Sequence[Ready], letter: Letter, world: World) -> Decision:
    """Never raises for what a message or a script is."""
    actions: list[Action] = []
    seen: list[Seen] = []
    failures: list[Failure] = []
    notes: list[Note] = []
    kept: Keep | None = Keep(at=None)
    for ready in chain:
        outcome = ready.compiled.run(letter, world)
        seen += outcome.seen
        notes += outcome.notes
        if outcome.failed_at is not None:
            failures.append(Failure(ready.id, outcome.failed_at, outcome.error))
            continue
        actions += [action for action in outcome.actions if not isinstance(action, Keep)]
        kept = _merge(kept, next((action for action in outcome.actions if isinstance(action, Keep)), None))
        if kept is None:
            break
        if kept.header is not None:
            letter = letter.with_header(kept.header)
    if kept is not None:
        actions.append(kept)
    return Decision(tuple(actions), tuple(seen), tuple(failures), tuple(notes))


def _merge(before: Keep | None, now: Keep | None) -> Keep | None:
    """The later keep, with the flags of both; an explicit one stays explicit."""
    if before is None or now is None:
        return now
    flags = tuple(dict.fromkeys((*before.flags, *now.flags)))
    return Keep(at=now.at or before.at, flags=flags, header=now.header if now.header is not None else before.header)

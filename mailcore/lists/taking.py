"""What becomes of one recipient that is a list or one of its addresses."""

from collections.abc import Callable
from dataclasses import dataclass

from mailcore.queue.settlement import Result


@dataclass(frozen=True, slots=True)
class Taken:
    result: Result
    keep: Callable[[], None] | None = None
    """Writes the rows that share the fate of the result, in its transaction."""
    holds: bool = False
    """The journey gets a step that says so."""

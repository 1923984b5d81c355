"""What is to be done for one line of a table, or why nothing is."""

from collections.abc import Callable
from dataclasses import dataclass


class LeftOut(Exception):
    """The line says something this server has no place for; the text says what, and what to do instead."""


class There(Exception):
    """What the line says is so already."""


@dataclass(frozen=True, slots=True)
class Plan:
    words: str
    """What is done, for the report."""
    act: Callable[[], object]

"""`$` in the place of a sequence set: what the last SEARCH with RETURN (SAVE) found (RFC 5182)."""

from dataclasses import replace
from typing import Any

from ..grammar.sequences import SAVED, SequenceSet, compact
from .view import View


def bind(view: View, arguments: Any, *, by_uid: bool) -> Any:
    """The arguments of a command with `$` made into the numbers, or UIDs, it stands for now."""
    if arguments == SAVED:
        return _resolve(view, by_uid)
    if getattr(arguments, "messages", None) == SAVED:
        return replace(arguments, messages=_resolve(view, by_uid))
    return arguments


def _resolve(view: View, by_uid: bool) -> SequenceSet:
    """Messages that are gone from the view are gone from `$` too."""
    places = [place for uid in view.saved if (place := view.position(uid)) >= 0]
    return compact(view.uids[place] for place in places) if by_uid else compact(place + 1 for place in places)

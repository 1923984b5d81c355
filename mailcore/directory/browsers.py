"""Browsers a person is signed in with, for who looks after them.

The pages keep the sessions and the core never imports pages, so they hand in what they know when they start.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from django.db import transaction

from mailcore.kernel.errors import NotFound

from . import users


class Place(Protocol):
    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def peer(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def seen_at(self) -> datetime: ...


class Keeper(Protocol):
    def list_places(self, *, user_id: int, here: str | None) -> Sequence[Place]: ...
    def end(self, *, user_id: int, place_id: int) -> None: ...
    def end_others(self, *, user_id: int, here: str | None) -> int: ...


_keepers: list[Keeper] = []


def install(keeper: Keeper) -> None:
    _keepers[:] = [keeper]


def list_all(*, user_id: int) -> list[Place]:
    """Living sessions, the one seen last first; [] where no pages run."""
    return [place for keeper in _keepers for place in keeper.list_places(user_id=user_id, here=None)]


def end(*, user_id: int, place_id: int) -> None:
    """Sign one browser out; the audit log says who did it. NotFound where the session has ended."""
    place = next((one for one in list_all(user_id=user_id) if one.id == place_id), None)
    if place is None:
        raise NotFound("That session has ended already.")
    with transaction.atomic():
        users.record("ended", user_id=user_id, kind="session", before={"browser": place.name, "peer": place.peer})
        for keeper in _keepers:
            keeper.end(user_id=user_id, place_id=place_id)


def end_all(*, user_id: int) -> None:
    """Sign out every page and program of a login; its passwords stay."""
    with transaction.atomic():
        users.record("signed_out", user_id=user_id)
        users.void(user_id=user_id)
        for keeper in _keepers:
            keeper.end_others(user_id=user_id, here=None)

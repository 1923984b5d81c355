"""What it takes to have a mailbox as it was at a moment: which messages come back, move back, or get other flags.

Rebuilt from three sources, each of which the writer keeps in the transaction of the change itself: what is there with the time
it came (`savedate`), what left with the time it left (`Removal`), and the flags before each change (`FormerFlags`). A message
that was moved is followed to where it is now and moved back, so that nothing is there twice.
"""

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Max

from mailcore.kernel.errors import BadSyntax, NotFound
from mailcore.store import uidsets
from mailcore.store.loading import marks
from mailcore.store.models import Change, Folder, Message

from ..models import Beginning, FormerFlags, Removal
from ..undeleting import get_window

Place = tuple[int, int]
"""(folder id, UID)"""
State = tuple[int, str]
"""(flags, keywords)"""
NOWHERE: Place = (0, 0)
IN_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Restore:
    removal: Removal
    folder: str | int
    state: State


@dataclass(frozen=True, slots=True)
class Move:
    source: Place
    folder: str | int
    state: State


@dataclass(frozen=True, slots=True)
class Reflag:
    place: Place
    state: State


@dataclass(slots=True)
class Plan:
    mailbox_id: int
    moment: int
    folder: str
    restores: list[Restore] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    reflags: list[Reflag] = field(default_factory=list)
    new: list[Place] = field(default_factory=list)
    """What came since and stays where it is unless it is asked to go."""
    folders: list[str] = field(default_factory=list)
    """Names of folders to be made again."""
    lost: int = 0
    """Messages that were there and of which nothing is kept any more."""

    @property
    def is_empty(self) -> bool:
        return not (self.restores or self.moves or self.reflags)


def find_earliest(mailbox_id: int, *, now: int | None = None) -> int:
    """The first moment that can be rebuilt."""
    now = int(time.time()) if now is None else now
    return max(now - get_window(mailbox_id), Beginning.objects.aggregate(at=Max("at"))["at"] or 0)


def make_plan(*, mailbox_id: int, moment: int, folder: str = "", among: Collection[Place] | None = None, now: int | None = None) -> Plan:
    """The state at the end of the second `moment`, for one folder or for all, or only for what stood at the places `among`.

    BadSyntax for a moment that is to come or longer ago than is kept, NotFound for a folder that neither is nor was.
    """
    now = int(time.time()) if now is None else now
    if moment > now:
        raise BadSyntax("That moment is still to come.")
    if moment < find_earliest(mailbox_id, now=now):
        raise BadSyntax("That is longer ago than removed mail is kept.")
    return _Planner(mailbox_id, moment, folder, among).plan()


class _Planner:
    def __init__(self, mailbox_id: int, moment: int, folder: str, among: Collection[Place] | None) -> None:
        self.mailbox_id, self.moment, self.folder, self.among = mailbox_id, moment, folder, among
        self.names: dict[int, str] = dict(Folder.objects.filter(mailbox_id=mailbox_id).values_list("pk", "name"))
        self.removals = {
            (row.folder_id, row.uid): row for row in Removal.objects.filter(mailbox_id=mailbox_id, at__gt=moment).order_by("pk")
        }
        self.last_names = {row.folder_id: row.folder for row in self.removals.values()}
        """Of folders that are gone: what they were called when something last left them."""
        self.scope = self._find_scope()
        self.former = self._load_former()
        self.result = Plan(mailbox_id, moment, folder)

    def plan(self) -> Plan:
        gone = {place: row for place, row in self.removals.items() if row.savedate <= self.moment and self._is_in_scope(place)}
        ends = {place: self._follow(place) for place in gone}
        present = self._load_present([end for _, end in ends.values() if end != NOWHERE])
        used: set[Place] = set()
        for place, row in gone.items():
            last, end = ends[place]
            goal: str | int = row.folder_id if row.folder_id in self.names else self.last_names[row.folder_id]
            state = self.former.get(place, (row.flags, row.keywords))
            if end not in present:
                # Where the end of the way is unknown, the row at its beginning has all there is to bring back.
                self.result.restores.append(Restore(last if end == NOWHERE else row, goal, state))
                continue
            used.add(end)
            if end[0] != row.folder_id and (isinstance(goal, int) or self.names[end[0]] != goal):
                self.result.moves.append(Move(end, goal, state))
            elif present[end] != state:
                self.result.reflags.append(Reflag(end, state))
        self._plan_flags()
        self._list_new(used)
        self._list_folders()
        self.result.lost = self._count_lost()
        return self.result

    def _find_scope(self) -> set[int] | None:
        if not self.folder:
            return None
        ids = {pk for pk, name in self.names.items() if name == self.folder}
        ids |= {pk for pk, name in self.last_names.items() if name == self.folder and pk not in self.names}
        if not ids:
            raise NotFound("There is no such folder.", repr(self.folder))
        return ids

    def _is_in_scope(self, place: Place) -> bool:
        return (self.scope is None or place[0] in self.scope) and (self.among is None or place in self.among)

    def _load_former(self) -> dict[Place, State]:
        """Flags at the moment, of what was flagged otherwise since: the first change after it says what was before."""
        found: dict[Place, State] = {}
        for row in FormerFlags.objects.filter(mailbox_id=self.mailbox_id, at__gt=self.moment).order_by("pk").iterator():
            for uid in uidsets.split(row.uids):
                found.setdefault((row.folder_id, uid), (row.flags, row.keywords))
        return found

    def _follow(self, place: Place) -> tuple[Removal, Place]:
        """The last removal on a message's way, and where it went from there; NOWHERE for one that was removed for good."""
        row = self.removals[place]
        while (row.went_folder_id, row.went_uid) in self.removals:
            row = self.removals[row.went_folder_id, row.went_uid]
        return row, (row.went_folder_id, row.went_uid)

    def _load_present(self, places: Collection[Place], *, before: int | None = None) -> dict[Place, State]:
        """Those of these places that hold a message, with `before` only one that came no later."""
        found: dict[Place, State] = {}
        for folder_id, uids in group(places).items():
            for part in uidsets.chunk(sorted(uids), IN_CHUNK):
                text = f"SELECT uid, flags, keywords, savedate FROM store_message WHERE folder_id = %s AND uid IN ({marks(part)})"
                with connection.cursor() as cursor:
                    cursor.execute(text, [folder_id, *part])
                    rows = cursor.fetchall()
                found |= {(folder_id, uid): (flags, words) for uid, flags, words, came in rows if before is None or came <= before}
        return found

    def _plan_flags(self) -> None:
        """Messages that never left: only their flags can be others."""
        wanted = {place: state for place, state in self.former.items() if place not in self.removals and self._is_in_scope(place)}
        for place, state in self._load_present(wanted, before=self.moment).items():
            if state != wanted[place]:
                self.result.reflags.append(Reflag(place, wanted[place]))

    def _list_new(self, used: set[Place]) -> None:
        rows = Message.objects.filter(mailbox_id=self.mailbox_id, savedate__gt=self.moment).values_list("folder_id", "uid")
        scoped = (place for place in rows if self.scope is None or place[0] in self.scope)
        self.result.new = sorted(place for place in scoped if place not in used)

    def _list_folders(self) -> None:
        goals = {step.folder for step in self.result.restores} | {step.folder for step in self.result.moves}
        self.result.folders = sorted({goal for goal in goals if isinstance(goal, str)} - set(self.names.values()))

    def _count_lost(self) -> int:
        """What the store's journal says was removed, and no removal tells of."""
        if self.among is not None:
            return 0
        known = {*self.names, *(folder_id for folder_id, _ in self.removals)}
        gone: set[Place] = set()
        came: set[Place] = set()
        for kind, place in self._read_journal(sorted(known if self.scope is None else known & self.scope)):
            (gone if kind == Change.Kind.EXPUNGED else came).add(place)
        return len(gone - came - self.removals.keys())

    def _read_journal(self, folder_ids: list[int]) -> Iterator[tuple[str, Place]]:
        for part in uidsets.chunk(folder_ids, IN_CHUNK):
            lines = Change.objects.filter(folder_id__in=list(part), at__gt=self.moment, kind__in=[Change.Kind.EXPUNGED, Change.Kind.ADDED])
            for folder_id, kind, uids in lines.values_list("folder_id", "kind", "uids").iterator():
                for uid in uidsets.split(uids):
                    yield kind, (folder_id, uid)


def group(places: Collection[Place]) -> Mapping[int, list[int]]:
    found: dict[int, list[int]] = {}
    for folder_id, uid in places:
        found.setdefault(folder_id, []).append(uid)
    return found

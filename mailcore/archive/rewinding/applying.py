"""Carry out a rewind by ordinary operations of the store's writer, and undo it the same way.

Each step is a transaction of its own and leaves the mailbox whole. Who is stopped in between starts again: the plan is made
from what is there, so that what was done is not done twice.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction

from mailcore.audit import log
from mailcore.audit.acting import current
from mailcore.kernel.errors import Conflict, NotFound
from mailcore.kernel.flags import split_keywords
from mailcore.kernel.ids import FolderId, MailboxId
from mailcore.kernel.mailstore import FlagMode
from mailcore.store import uidsets, writer
from mailcore.store.models import Folder, Usage
from mailcore.store.writer import Return
from mailcore.store.writer.messages import load_limits

from .. import moments
from ..models import Removal, Rewind
from .planning import Move, Place, Plan, Reflag, Restore, State, group, make_plan

BATCH = 500


@dataclass(frozen=True, slots=True)
class Done:
    rewind_id: int
    restored: int
    moved: int
    reflagged: int
    removed: int
    lost: int


def apply(*, mailbox_id: int, moment: int, folder: str = "", drop_new: bool = False, name: str = "", domain: str = "") -> Done:
    """As `make_plan` says; with `drop_new` what came since is removed, and can be brought back like anything removed.

    Conflict where there is no room for what would come back: nothing is done then.
    """
    began_at = _wait_for_a_fresh_second()
    plan = make_plan(mailbox_id=mailbox_id, moment=moment, folder=folder)
    return _carry_out(plan, plan.new if drop_new else [], began_at, "archive.rewound", name, domain)


def undo(*, mailbox_id: int, rewind_id: int, name: str = "", domain: str = "") -> Done:
    """Put back what a rewind changed, and nothing else. NotFound for another mailbox's, Conflict where it was undone before."""
    began_at = _wait_for_a_fresh_second()
    with transaction.atomic():
        row = Rewind.objects.select_for_update().filter(mailbox_id=mailbox_id, pk=rewind_id).first()
        if row is None:
            raise NotFound("There is no such rewind.")
        if row.undone_at is not None:
            raise Conflict("This was undone before.")
        row.undone_at = began_at
        row.save(update_fields=["undone_at"])
    touched, added = _unpack(row.added.get("touched", {})), _unpack(row.added.get("added", {}))
    plan = make_plan(mailbox_id=mailbox_id, moment=row.began_at - 1, among=touched)
    used = {step.source for step in plan.moves} | {step.place for step in plan.reflags}
    return _carry_out(plan, sorted(set(added) & set(plan.new) - used), began_at, "archive.rewind_undone", name, domain)


def list_rewinds(*, mailbox_id: int, limit: int = 20) -> list[Rewind]:
    """Newest first."""
    return list(Rewind.objects.filter(mailbox_id=mailbox_id).order_by("-pk")[:limit])


def _carry_out(plan: Plan, dropping: Collection[Place], began_at: int, action: str, name: str, domain: str) -> Done:
    _check_room(plan)
    touched = [*(step.source for step in plan.moves), *(step.place for step in plan.reflags), *dropping]
    row = Rewind.objects.create(
        mailbox_id=plan.mailbox_id, moment=plan.moment, folder=plan.folder, began_at=began_at, actor=current().name[:400],
        added={"touched": _pack(touched), "added": {}},
    )  # fmt: skip
    work = _Work(plan, row)
    work.make_folders()
    for start in range(0, len(plan.restores), BATCH):
        work.restore(plan.restores[start : start + BATCH])
    work.move(plan.moves)
    work.reflag(plan.reflags)
    removed = work.remove(dropping)
    done = Done(row.pk, len(work.added), len(plan.moves), len(plan.reflags), removed, plan.lost)
    with transaction.atomic():
        log.record(
            action, object_id=plan.mailbox_id, name=name or f"mailbox {plan.mailbox_id}", domain=domain,
            after={
                "moment": moments.show(plan.moment), "folder": plan.folder or "all", "restored": done.restored, "moved": done.moved,
                "reflagged": done.reflagged, "removed": done.removed,
            },
        )  # fmt: skip
    return done


class _Work:
    def __init__(self, plan: Plan, row: Rewind) -> None:
        self.mailbox_id = MailboxId(plan.mailbox_id)
        self.names = plan.folders
        self.row = row
        self.added: list[Place] = []

    def make_folders(self) -> None:
        for name in self.names:
            if not Folder.objects.filter(mailbox_id=self.mailbox_id, name=name).exists():
                writer.create_folder(mailbox_id=self.mailbox_id, name=name)

    def restore(self, steps: list[Restore]) -> None:
        """What somebody else brought back since the plan was made is left alone."""
        with transaction.atomic():
            rows = Removal.objects.select_for_update().filter(pk__in=[step.removal.pk for step in steps]).order_by("pk")
            now = {pk: place for pk, *place in rows.values_list("pk", "went_folder_id", "went_uid")}
            items = [
                Return(step.removal, step.folder, *step.state)
                for step in steps
                if now.get(step.removal.pk) == [step.removal.went_folder_id, step.removal.went_uid]
            ]
            self.added += writer.bring_back(mailbox_id=self.mailbox_id, items=items)
            self.row.added["added"] = _pack(self.added)
            self.row.save(update_fields=["added"])

    def move(self, steps: list[Move]) -> None:
        ways: dict[tuple[int, str | int], dict[int, State]] = {}
        for step in steps:
            ways.setdefault((step.source[0], step.folder), {})[step.source[1]] = step.state
        for (source_id, goal), states in ways.items():
            found = Folder.objects.filter(mailbox_id=self.mailbox_id)
            folder = (found.filter(pk=goal) if isinstance(goal, int) else found.filter(name=goal)).first()
            if folder is None:
                raise NotFound("The folder is gone.", f"folder {goal} of mailbox {self.mailbox_id}")
            for part in uidsets.chunk(sorted(states), BATCH):
                moved = writer.move(mailbox_id=self.mailbox_id, folder_id=FolderId(source_id), uids=list(part), target=folder.name)
                self.reflag([Reflag((folder.pk, copy), states[uid]) for uid, copy in moved.pairs])

    def reflag(self, steps: list[Reflag]) -> None:
        alike: dict[tuple[int, State], list[int]] = {}
        for step in steps:
            alike.setdefault((step.place[0], step.state), []).append(step.place[1])
        for (folder_id, (flags, keywords)), uids in alike.items():
            writer.store_flags(
                mailbox_id=self.mailbox_id, folder_id=FolderId(folder_id), uids=uids, mode=FlagMode.REPLACE, flags=flags,
                keywords=split_keywords(keywords),
            )  # fmt: skip

    def remove(self, places: Collection[Place]) -> int:
        return sum(
            len(writer.expunge(mailbox_id=self.mailbox_id, folder_id=FolderId(folder_id), uids=uids, only_deleted=False))
            for folder_id, uids in group(places).items()
        )


def _check_room(plan: Plan) -> None:
    limit = load_limits([plan.mailbox_id]).get(plan.mailbox_id, 0)
    wanted = sum(step.removal.size for step in plan.restores)
    used = Usage.objects.filter(pk=plan.mailbox_id).values_list("bytes", flat=True).first() or 0
    if limit and wanted and used + wanted > limit:
        raise Conflict("There is no room for everything that would come back. Raise the quota, or rewind one folder.")


def _wait_for_a_fresh_second() -> int:
    """A second in which nothing of ours happened yet, so that the second before it is the state to come back to."""
    before = time.time()
    while int(time.time()) <= int(before):
        time.sleep(1 - time.time() % 1)
    return int(time.time())


def _pack(places: Collection[Place]) -> dict[str, str]:
    return {str(folder_id): uidsets.join(sorted(uids)) for folder_id, uids in group(places).items()}


def _unpack(packed: dict[str, str]) -> list[Place]:
    return [(int(folder_id), uid) for folder_id, text in packed.items() for uid in uidsets.split(text)]

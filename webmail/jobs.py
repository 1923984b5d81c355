"""Actions on more messages than one answer should wait for: taken down first, worked off in slices.

What a job will touch is fixed when it is given, so mail that comes meanwhile is not swept along.
"""

import time
from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from mailcore.kernel.errors import MailError, NotFound
from mailcore.kernel.ids import MailboxId
from mailcore.store.mailstore import LocalMailStore
from mailcore.store.uidsets import join, split

from . import acting
from .access.local import LocalMail
from .access.port import MailAccess
from .desk import Step
from .models import Job

SLICE = 500
LEASE = timedelta(minutes=2)
KEPT = timedelta(days=2)
AT_ONCE = 1.0
"""Seconds that the answer to the person may take; a worker does the rest."""
Pairs = Sequence[tuple[str, Sequence[int]]]
"""Folders with uids."""


def give(*, mailbox_id: int, verb: str, pairs: Pairs) -> Job:
    work = [[folder, join(sorted(set(uids)))] for folder, uids in pairs if uids]
    total = sum(len(set(uids)) for _, uids in pairs)
    return Job.objects.create(mailbox_id=mailbox_id, verb=verb, work=work, total=total)


def give_undo(job: Job) -> list[Job]:
    """The way back of a job, one job a verb; its steps are taken, so that it is undone once."""
    by_verb: dict[str, list[tuple[str, list[int]]]] = {}
    for folder, uids, verb in reversed(job.steps):
        by_verb.setdefault(verb, []).append((folder, list(split(uids))))
    Job.objects.filter(pk=job.pk).update(steps=[])
    return [give(mailbox_id=job.mailbox_id, verb=verb, pairs=pairs) for verb, pairs in by_verb.items()]


def get(*, mailbox_id: int, job_id: int) -> Job:
    job = Job.objects.filter(mailbox_id=mailbox_id, pk=job_id).first()
    if job is None:
        raise NotFound("That was long ago.")
    return job


def work_off(job: Job, *, seconds: float, mail: MailAccess | None = None) -> Job:
    """Slices until done or out of time. One worker at a time: who finds it leased gives it back as it is."""
    now = timezone.now()
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    if not Job.objects.filter(free, pk=job.pk, state=Job.State.WAITING).update(leased_until=now + LEASE):
        return Job.objects.get(pk=job.pk)
    job.refresh_from_db()
    reach = mail or LocalMail(LocalMailStore(MailboxId(job.mailbox_id)))
    until = time.monotonic() + seconds
    try:
        while job.work and time.monotonic() < until:
            _do_slice(job, reach)
        job.state = Job.State.DONE if not job.work else Job.State.WAITING
    except MailError as error:
        job.state, job.fault = Job.State.FAILED, error.public[:300]
    job.leased_until = None
    job.save(update_fields=["state", "fault", "leased_until"])
    return job


def work_off_all(*, seconds: float) -> int:
    """What waits, oldest first; for a worker. Old ones are forgotten."""
    until = time.monotonic() + seconds
    done = 0
    for job in Job.objects.filter(state=Job.State.WAITING).order_by("made_at")[:50]:
        work_off(job, seconds=max(0.1, until - time.monotonic()))
        done += 1
        if time.monotonic() > until:
            break
    Job.objects.filter(made_at__lt=timezone.now() - KEPT).exclude(state=Job.State.WAITING).delete()
    return done


def steps_of(job: Job) -> tuple[Step, ...]:
    return tuple((folder, uids, verb) for folder, uids, verb in job.steps)


def _do_slice(job: Job, mail: MailAccess) -> None:
    """Saved after each slice: a worker that dies leaves at most one undone step unwritten."""
    folder, packed = job.work[0]
    uids = list(split(packed))
    now, later = uids[:SLICE], uids[SLICE:]
    done = acting.apply(mail, folder, now, job.verb)
    job.work = [[folder, join(later)], *job.work[1:]] if later else job.work[1:]
    job.steps = [*job.steps, *map(list, done.steps)]
    job.done += len(now)
    job.leased_until = timezone.now() + LEASE
    job.save(update_fields=["work", "steps", "done", "leased_until"])

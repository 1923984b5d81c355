"""Compiled scripts, remembered by version; the active ones of a whole batch of mailboxes in one query."""

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from threading import Lock

from django.db import connection

from mailcore.kernel.ids import MailboxId
from mailcore.sieve.faults import ScriptFault
from mailcore.sieve.script import Script as Compiled
from mailcore.sieve.script import compile_script, make_broken

from .models import Script
from .scripts import owner_of, owner_of_domain

MAX_REMEMBERED = 2_048
_FIND_ACTIVE = """
SELECT id, version, owner, stage, name FROM filtering_script WHERE is_active AND owner IN ({marks}) ORDER BY owner, name
"""
_remembered: "OrderedDict[tuple[int, int], Compiled]" = OrderedDict()
_lock = Lock()


@dataclass(frozen=True, slots=True)
class Ready:
    """One script that is to run."""

    id: int
    compiled: Compiled


Chain = tuple[Ready, ...]
"""The scripts that run for one mailbox, in order."""


@dataclass(slots=True)
class _Found:
    before: list[Ready] = field(default_factory=list)
    own: list[Ready] = field(default_factory=list)
    after: list[Ready] = field(default_factory=list)


def load_chains(wanted: Collection[tuple[MailboxId, str]]) -> dict[MailboxId, Chain]:
    """Chains for (mailbox id, domain) pairs; mailboxes for which no script runs are not in it. One or two queries."""
    owners = {"system"} | {owner_of(mailbox_id) for mailbox_id, _ in wanted} | {owner_of_domain(domain) for _, domain in wanted}
    rows = _find_active(sorted(owners))
    if not rows:
        return {}
    ready = _prepare([(row[0], row[1], row[4]) for row in rows])
    found: dict[str, _Found] = {}
    for script_id, _, owner, stage, _ in rows:
        getattr(found.setdefault(owner, _Found()), stage).append(Ready(script_id, ready[script_id]))
    house = found.get("system", _Found())
    chains: dict[MailboxId, Chain] = {}
    for mailbox_id, domain in wanted:
        domains, own = found.get(owner_of_domain(domain), _Found()), found.get(owner_of(mailbox_id), _Found())
        scripts = (*house.before, *domains.before, *own.own, *domains.after, *house.after)
        if scripts:
            chains[mailbox_id] = scripts
    return chains


def _find_active(owners: list[str]) -> list[tuple[int, int, str, str, str]]:
    """(id, version, owner, stage, name) in order. Plain SQL, since every batch asks: 0.5 ms for 200 mailboxes, a third of the ORM's."""
    with connection.cursor() as cursor:
        cursor.execute(_FIND_ACTIVE.format(marks=", ".join(["%s"] * len(owners))), owners)
        return [(row[0], row[1], row[2], row[3], row[4]) for row in cursor.fetchall()]


def _prepare(wanted: Collection[tuple[int, int, str]]) -> dict[int, Compiled]:
    """(id, version, name) → compiled. The texts of those not remembered are read together."""
    with _lock:
        ready = {script_id: _remembered[script_id, version] for script_id, version, _ in wanted if (script_id, version) in _remembered}
    missing = [one for one in wanted if one[0] not in ready]
    if missing:
        texts = dict(Script.objects.filter(id__in=[one[0] for one in missing]).values_list("id", "text"))
        for script_id, version, name in missing:
            ready[script_id] = _remember((script_id, version), _compile(texts.get(script_id, ""), name))
    return ready


def _compile(text: str, name: str) -> Compiled:
    try:
        return compile_script(text, name=name)
    except ScriptFault as fault:
        # Stored by a version that knew more, or less: it must not hold up the batch.
        return make_broken(name, fault)


def _remember(key: tuple[int, int], compiled: Compiled) -> Compiled:
    with _lock:
        _remembered[key] = compiled
        while len(_remembered) > MAX_REMEMBERED:
            _remembered.popitem(last=False)
    return compiled


def find_included(mailbox_id: MailboxId, location: str, name: str) -> Compiled | None:
    """What `include` finds: a script of the mailbox, or one the house shares (RFC 6609 §3.2)."""
    owner, stage = ("system", Script.Stage.SHARED) if location == "global" else (owner_of(mailbox_id), Script.Stage.OWN)
    row = Script.objects.filter(owner=owner, stage=stage, name=name).values_list("id", "version").first()
    return _prepare([(row[0], row[1], name)])[row[0]] if row is not None else None

"""One turn of a worker: claim what is due, route it, deliver it, settle it.

Every step may be repeated after a crash at any point: leases run out, local delivery is
idempotent, and a report exists exactly when the result it reports is kept.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from mailcore.kernel.ids import BlobId
from mailcore.lists import receiving as lists
from mailcore.queue import claims
from mailcore.queue.claims import Lease
from mailcore.queue.settlement import Result, Verdict
from mailcore.store import blobs
from mailcore.transports import table
from mailcore.trust.names import Names
from mailcore.trust.naming import get_names
from mailcore.trust.reports import receiving
from mailcore.trust.zone import ZoneNames

from . import local, remote, routing, settling
from .local import Parcel
from .remote import Errand
from .resolver import DnsResolver, Resolver
from .routing import Route, Way

log = logging.getLogger(__name__)

BATCH = 200


@dataclass(slots=True)
class _Plan:
    answers: list[Result] = field(default_factory=list)
    """Known without delivering anything."""
    parcels: list[Parcel] = field(default_factory=list)
    outgoing: list[Lease] = field(default_factory=list)
    for_lists: list[lists.Arrival] = field(default_factory=list)


def drain(
    *,
    owner: str,
    limit: int = BATCH,
    now: int | None = None,
    resolver: Resolver | None = None,
    wait: bool = True,
    names: Names | None = None,
) -> int:
    """Handle up to `limit` recipients that are due; their number, 0 where the queue has nothing to do.

    `names` is asked about policies of other hosts; with a resolver of the caller's own and without it, nothing is.
    With `wait` False, mail for other hosts is still being sent when this returns (see `remote.deliver`).
    """

    def clock() -> int:
        return int(time.time()) if now is None else now

    leases = claims.claim_due(now=clock(), owner=owner, limit=limit)
    if not leases:
        return 0
    plan = _make_plan(leases, clock())
    settling.settle(plan.answers, now=clock(), owner=owner)
    if plan.parcels:
        local.deliver(plan.parcels, clock=clock, owner=owner)
    if plan.for_lists:
        lists.receive(plan.for_lists, clock=clock, owner=owner)
    if plan.outgoing:
        remote.deliver(
            plan.outgoing,
            errand=Errand(owner, clock, resolver or DnsResolver(), names or (ZoneNames("") if resolver else get_names())),
            wait=wait,
        )
    return len(leases)


def _make_plan(leases: Sequence[Lease], now: int) -> _Plan:
    plan = _Plan()
    routes: dict[str, Route] = {}
    for lease in leases:
        if lease.by_mode == "R" and lease.deliver_by <= now:
            plan.answers.append(Result(lease, Verdict.FAILED, 550, "5.4.7 It was not delivered in the time that its sender set."))
            continue
        route = routes.get(lease.address)
        if route is None:
            route = routes[lease.address] = _route(lease.address)
        if route.way is Way.MAILBOX and route.mailbox_id is not None:
            plan.parcels.append(Parcel(lease, route.mailbox_id, route.address))
        elif route.way is Way.REMOTE:
            _plan_outgoing(plan, lease)
        elif route.way is Way.LIST:
            plan.for_lists.append((lease, route.address, route.detail))
        elif route.way is Way.REPORT:
            plan.answers.append(_read_report(lease))
        else:
            plan.answers.append(_answer(lease, route))
    _take_out_suppressed(plan)
    return plan


def _plan_outgoing(plan: _Plan, lease: Lease) -> None:
    """Where a route says no, there is an answer at once."""
    place = routing.find_place(sender=lease.sender, recipient=lease.address, size=lease.size)
    if place is not None and place.kind == "refuse":
        plan.answers.append(Result(lease, Verdict.FAILED, 550, f"5.7.1 {place.text or 'A route of this server refuses it.'}"))
    else:
        plan.outgoing.append(lease)


def _take_out_suppressed(plan: _Plan) -> None:
    """One look for the batch. Reports of our own go to nobody there either: they would only come back."""
    reasons = table.find_suppressed([lease.address for lease in plan.outgoing]) if plan.outgoing else {}
    for lease in [one for one in plan.outgoing if one.address in reasons]:
        plan.outgoing.remove(lease)
        text = f"5.7.1 This server does not write to {lease.address}: {reasons[lease.address]}"
        plan.answers.append(Result(lease, Verdict.FAILED, 550, text))


def _read_report(lease: Lease) -> Result:
    try:
        was_kept, words = receiving.take(blobs.read(BlobId(lease.blob_id)))
    except Exception:
        log.exception("a report could not be kept trace=%s", lease.trace_id)
        return Result(lease, Verdict.DEFERRED, 451, "4.3.0 The report could not be kept.")
    return Result(lease, Verdict.DELIVERED if was_kept else Verdict.DISCARDED, 250, f"2.0.0 {words}")


def _route(address: str) -> Route:
    try:
        return routing.route(address)
    except Exception:
        # One address that cannot be looked up must not hold up the batch it came in.
        log.exception("no route for %r", address)
        return Route(Way.DEFER, address, code=451, text="4.3.0 The address could not be looked up.")


def _answer(lease: Lease, route: Route) -> Result:
    if route.way is Way.EXPAND:
        return Result(lease, Verdict.EXPANDED, 250, f"stands for {', '.join(route.targets)}"[:900], targets=route.targets)
    verdict = Verdict.DEFERRED if route.way is Way.DEFER else Verdict.FAILED
    return Result(lease, verdict, route.code, route.text)

"""Delivery to other hosts: one connection to a destination at a time, its messages one after the other.

RFC 5321 §5, §6. Each transaction is one entry with up to 100 recipients; its results are settled as
soon as they are known, so that a crash can repeat only what was under way. No network is waited for
inside a database transaction.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

from django.conf import settings
from django.db import connection as database

from mailcore.kernel.envelope import Envelope, EnvelopeRecipient
from mailcore.kernel.errors import Deferred, MailError, Refused
from mailcore.kernel.ids import BlobId
from mailcore.lists import copies
from mailcore.queue import claims, destinations
from mailcore.queue.claims import Lease
from mailcore.queue.settlement import Result, Verdict
from mailcore.smtp.client.actions import ClientConfig, Finished, OutgoingMessage, RecipientResult, TlsUse
from mailcore.store import blobs
from mailcore.transports.table import Place
from mailcore.trust import departure, tlsoutcomes, tlspolicy
from mailcore.trust.names import Names
from mailcore.trust.tlspolicy import Demand, DomainPolicy, HostExcluded, Level
from mailcore.trust.zone import ZoneNames

from . import routing, settling, transport
from .resolver import Resolver
from .routing import Hop
from .transport import Connection, LeaseLost

log = logging.getLogger(__name__)

MAX_RECIPIENTS = 100
MAX_THREADS = 16
"""Destinations one process talks to at the same time."""
NO_SLOT_RETRY = 5
SEARCH_TIME = 240
"""Seconds after which no further host of a destination is tried, well within the lease."""
MAX_ADDRESSES = 3
SMTP_PORT = 25
GREYLIST_RETRY = 300

_DEMANDS = {"may": Level.MAY, "encrypt": Level.ENCRYPT, "verify": Level.VERIFY, "implicit": Level.VERIFY}

_slots = threading.BoundedSemaphore(MAX_THREADS)

Job = tuple[Lease, ...]
"""The recipients of one transaction: one entry, one destination."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Messages that go together: to one destination, over one transport."""

    domain: str
    place: Place | None
    """None: as the settings and the DNS say."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What a delivery needs beside its messages."""

    owner: str
    clock: Callable[[], int]
    resolver: Resolver
    names: Names = field(default_factory=lambda: ZoneNames(""))
    """Asked about the policies of the other side."""


def deliver(leases: Sequence[Lease], *, errand: Errand, wait: bool = True) -> None:
    """Send and settle everything given, several destinations at once.

    Without `wait` it returns while threads still send, so that a slow host delays nobody else's
    mail; should the process end meanwhile, the leases run out. What finds no free thread is given back.
    """
    by_lane: dict[Lane, list[Lease]] = {}
    for lease in leases:
        place = routing.find_place(sender=lease.sender, recipient=lease.address, size=lease.size)
        by_lane.setdefault(Lane(lease.destination, place), []).append(lease)
    destinations.ensure({lane.domain for lane in by_lane})
    if wait and (len(by_lane) == 1 or database.in_atomic_block):
        for lane, group in by_lane.items():
            _deliver_to(lane, group, errand)
        return
    threads = [_start(lane, group, errand, wait) for lane, group in by_lane.items()]
    for thread in threads:
        if wait and thread is not None:
            thread.join()


def _start(lane: Lane, group: list[Lease], errand: Errand, wait: bool) -> threading.Thread | None:
    if not _slots.acquire(blocking=wait):
        claims.give_back(token=group[0].token, ids=[lease.id for lease in group], now=errand.clock(), after=NO_SLOT_RETRY)
        return None
    # A daemon: at shutdown nobody waits ten minutes for the answer to a dot.
    thread = threading.Thread(target=_in_thread, args=(lane, group, errand), name=f"remote {lane.domain}", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no more threads: the slot must not be lost with it
        _slots.release()
        raise
    return thread


def _in_thread(lane: Lane, group: Sequence[Lease], errand: Errand) -> None:
    try:
        _deliver_to(lane, group, errand)
    except Exception:
        # Its leases run out and it is tried again; the other destinations must not suffer.
        log.exception("delivery to %s failed", lane.domain)
    finally:
        database.close()
        _slots.release()


def _deliver_to(lane: Lane, leases: Sequence[Lease], errand: Errand) -> None:
    domain = lane.domain
    started = errand.clock()
    if not claims.extend(token=leases[0].token, ids=[lease.id for lease in leases], now=started, ttl=claims.DATA_TTL):
        log.warning("leases for %s were lost before a host was tried", domain)
        return
    try:
        hops = _find_hops(lane, errand.resolver)
        policy = _find_policy(lane, errand)
    except MailError as error:
        verdict, code = (Verdict.FAILED, 550) if isinstance(error, Refused) else (Verdict.DEFERRED, 451)
        text = f"{error.detail.split(' ')[0]} {error.public}"
        settling.settle([Result(lease, verdict, code, text) for lease in leases], now=errand.clock(), owner=errand.owner)
        return
    jobs = _refuse_unproved(list(_cut(leases)), policy, errand)
    last_word, was_reached = "4.4.1 No mail host could be reached.", False
    for hop in hops:
        jobs, word, reached = _deliver_by(hop, jobs, errand, policy)
        last_word, was_reached = word or last_word, was_reached or reached
        if not jobs or errand.clock() - started > SEARCH_TIME:
            break
    now = errand.clock()
    if lane.place is not None and lane.place.leads_to_host:
        log.info("%s by the transport %s: %s", domain, lane.place.name, "reached" if was_reached else last_word)
    elif was_reached:
        destinations.note_success(domain)
    else:
        destinations.note_failure(domain, text=last_word, now=now)
    left = [lease for job in jobs for lease in job]
    settling.settle([Result(lease, Verdict.DEFERRED, 451, last_word) for lease in left], now=now, owner=errand.owner)


def _find_policy(lane: Lane, errand: Errand) -> DomainPolicy:
    domain = lane.domain
    if lane.place is not None and lane.place.leads_to_host:
        return DomainPolicy(domain, _DEMANDS[lane.place.tls])
    by_mx = lane.place is not None or routing.find_hop(domain) is None
    policy = tlspolicy.find_policy(errand.names, domain, by_mx=by_mx)
    if policy.sts_fault:
        tlsoutcomes.note(domain=domain, policy="sts", result=policy.sts_fault, now=errand.clock())
    return policy


def _refuse_unproved(jobs: list[Job], policy: DomainPolicy, errand: Errand) -> list[Job]:
    """RFC 8689 §4.2.1: REQUIRETLS mail goes only where the names of the hosts are proved; the rest is left."""
    if policy.proves_hosts or policy.rule is not None or routing.find_hop(policy.domain) is not None:
        return jobs
    refused = [lease for job in jobs if job[0].requiretls for lease in job]
    text = f"5.7.30 REQUIRETLS was asked for, and {policy.domain} has neither DANE nor an enforced MTA-STS policy."
    settling.settle([Result(lease, Verdict.FAILED, 550, text) for lease in refused], now=errand.clock(), owner=errand.owner)
    return [job for job in jobs if not job[0].requiretls]


def _deliver_by(hop: Hop, jobs: list[Job], errand: Errand, policy: DomainPolicy) -> tuple[list[Job], str, bool]:
    """(jobs another host may still take, last word where the host failed, whether it took part in a transaction)."""
    try:
        demand = tlspolicy.for_host(policy, errand.names, hop.host)
    except HostExcluded as error:
        tlsoutcomes.note(domain=policy.domain, policy="sts", result=error.fault, host=hop.host, now=errand.clock())
        return jobs, f"4.7.5 {error}", False
    left: list[Job] = []
    word, reached = "", False
    for wanted, group in _group(jobs, demand):
        rest, said, took_part = _deliver_under(hop, group, errand, policy.domain, wanted)
        left, word, reached = left + rest, said or word, reached or took_part
    return left, word, reached


def _group(jobs: list[Job], demand: Demand) -> list[tuple[Demand, list[Job]]]:
    """Most messages are sent as the domain demands; RFC 8689: some must be sent better, and some may be sent worse."""
    strict = [job for job in jobs if job[0].requiretls]
    usual = [job for job in jobs if not job[0].requiretls]
    is_waivable = demand.level > Level.MAY and demand.source in ("sts", "tlsa")
    waived = [job for job in usual if tlspolicy.waives_tls(blobs.read(BlobId(job[0].blob_id)))] if is_waivable else []
    usual = [job for job in usual if job not in waived]
    groups = [(demand, usual), (Demand(source=demand.source), waived), (demand.for_requiretls(), strict)]
    return [(wanted, group) for wanted, group in groups if group]


def _attempts(demand: Demand) -> list[tuple[TlsUse, Demand]]:
    """What is tried in turn while TLS is what fails."""
    usual = [(TlsUse.IF_OFFERED, Demand(Level.MAY, demand.source)), (TlsUse.NEVER, Demand(Level.NEVER, demand.source))]
    if demand.level is Level.NEVER:
        return usual[1:]
    if demand.level is Level.MAY:
        return usual
    return [(TlsUse.REQUIRED, demand), *(usual if demand.is_trial else [])]


def _deliver_under(hop: Hop, jobs: list[Job], errand: Errand, domain: str, demand: Demand) -> tuple[list[Job], str, bool]:
    left, word, reached = jobs, "", False
    if not jobs:
        return left, word, reached
    for tls, wanted in _attempts(demand):
        for address in _find_addresses(hop.host, errand.resolver):
            try:
                config = _configure(hop, tls, address)
                connection = transport.connect(address, hop.port, config, host=hop.host, demand=wanted)
            except OSError as error:
                word = f"4.4.1 {hop.host} [{address}] does not answer: {error}"
                continue
            left, said, took_part = _converse(connection, left, errand)
            word, reached = said or word, reached or took_part
            fault = connection.tls_fault
            if fault or connection.has_tls:
                tlsoutcomes.note(domain=domain, policy=wanted.source, result=fault, host=hop.host, address=address, now=errand.clock())
            if not left or fault:
                break
        else:
            return left, word, reached
        if not left:
            return left, word, reached
    return left, word, reached


def _configure(hop: Hop, tls: TlsUse, address: str) -> ClientConfig:
    place = hop.place
    if place is None:
        return ClientConfig(settings.FACTEUR.hostname, tls=tls)
    return ClientConfig(
        settings.FACTEUR.hostname,
        lmtp=place.kind == "lmtp",
        tls=tls,
        tls_active=place.tls == "implicit",
        login=place.login,
        secret=place.secret,
        auth_allowed_in_clear=_is_loopback(address),
    )


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _converse(connection: Connection, jobs: Sequence[Job], errand: Errand) -> tuple[list[Job], str, bool]:
    """Send job after job until done or the host fails; as `_deliver_by`."""
    reached, renewed_at = False, errand.clock()
    try:
        for position, job in enumerate(jobs):
            try:
                renewed_at = _renew(jobs[position:], renewed_at, errand)
                finished, words = _send(connection, job, errand)
            except LeaseLost:
                log.warning("lease lost before the final dot trace=%s", job[0].trace_id)
                return [], "", True  # the others were claimed with it and are gone too
            if finished.session_failed and not connection.has_sent_dot:
                return list(jobs[position:]), _text(finished.results[0]), reached
            reached = True
            results = [_judge(lease, one, connection, words) for lease, one in zip(job, finished.results, strict=True)]
            settling.settle(results, now=errand.clock(), owner=errand.owner)
            if finished.session_failed:
                return list(jobs[position + 1 :]), _text(finished.results[0]), reached
        return [], "", reached
    finally:
        connection.close()


def _renew(jobs: Sequence[Job], renewed_at: int, errand: Errand) -> int:
    """Keep what is still to be sent. Seldom written, for each time costs an fsync; the dot is fenced in any case."""
    now = errand.clock()
    if now - renewed_at < claims.LEASE_TTL:
        return renewed_at
    if not claims.extend(token=jobs[0][0].token, ids=[lease.id for job in jobs for lease in job], now=now, ttl=claims.DATA_TTL):
        raise LeaseLost
    return now


def _send(connection: Connection, job: Job, errand: Errand) -> tuple[Finished, str]:
    """How it ended, and how it went out, in words for the journey."""
    token, ids = job[0].token, [lease.id for lease in job]
    raw = blobs.read(BlobId(job[0].blob_id))
    first = job[0]
    if copies.is_copy(first):
        raw = copies.lines_of(first) + raw
    dressed = departure.dress(raw=raw, sender=first.sender, source=first.source, orcpt=first.orcpt)
    sender = copies.sender_of(first) if copies.is_copy(first) else dressed.sender
    whole = dressed.prefix + raw if dressed.prefix else raw
    message = OutgoingMessage(replace(_envelope(job), sender=sender), whole, by_left=first.deliver_by - errand.clock())
    finished = connection.send(message, before_dot=lambda: claims.mark_data_sent(token=token, ids=ids, now=errand.clock()))
    return finished, "; ".join(part for part in (connection.tls_words, dressed.words) if part)


def _envelope(job: Job) -> Envelope:
    first = job[0]
    recipients = tuple(EnvelopeRecipient(lease.address, lease.notify, lease.orcpt) for lease in job)
    return Envelope(
        first.sender, recipients, bool(first.smtputf8), bool(first.eight_bit), first.ret, first.envid, bool(first.requiretls),
        deliver_by=first.deliver_by, by_mode=first.by_mode, by_trace=bool(first.by_trace),
    )  # fmt: skip


def _judge(lease: Lease, one: RecipientResult, connection: Connection, words: str) -> Result:
    text = _text(one)
    if one.ok:
        text = f"{text} [{words}]"
        return Result(
            lease,
            Verdict.SENT,
            one.code,
            text,
            connection.host,
            peer_reports=connection.offers_reports,
            peer_keeps_time=connection.keeps_time,
        )
    if one.permanent:
        return Result(lease, Verdict.FAILED, one.code, text, connection.host)
    retry_in = GREYLIST_RETRY if lease.attempts <= 2 and "greylist" in text.lower() else None
    return Result(lease, Verdict.DEFERRED, one.code, text, connection.host, retry_in=retry_in)


def _text(one: RecipientResult) -> str:
    return f"{one.enhanced} {one.text}".strip()


def _cut(leases: Sequence[Lease]) -> Iterator[Job]:
    by_entry: dict[int, list[Lease]] = {}
    for lease in leases:
        by_entry.setdefault(lease.entry_id, []).append(lease)
    for group in by_entry.values():
        # Each copy of a list's post has a sender and a line of its own.
        most = 1 if copies.is_copy(group[0]) else MAX_RECIPIENTS
        for start in range(0, len(group), most):
            yield tuple(group[start : start + most])


def _find_hops(lane: Lane, resolver: Resolver) -> list[Hop]:
    domain, place = lane.domain, lane.place
    if place is not None and place.leads_to_host:
        return [Hop(place.host, place.port, place)]
    hop = routing.find_hop(domain) if place is None else None
    if hop is not None:
        return [hop]
    hosts = resolver.find_hosts(domain)
    own = settings.FACTEUR.hostname.lower()
    if own in hosts:
        # RFC 5321 §5.1: only hosts that are better than ourselves may be tried.
        hosts = hosts[: hosts.index(own)]
        if not hosts:
            raise Refused("This server is the mail host of that domain and does not know it.", f"5.4.6 {domain}")
    return [Hop(host, SMTP_PORT) for host in hosts]


def _find_addresses(host: str, resolver: Resolver) -> list[str]:
    try:
        return resolver.find_addresses(host)[:MAX_ADDRESSES]
    except Deferred as error:
        log.info("no address of %s: %s", host, error.detail)
        return []

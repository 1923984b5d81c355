"""The reports other domains ask for, a day after the day they are about. RFC 7489 §7, RFC 8460 §3, §5.

Sent only by a domain of ours whose DKIM key is in use, so that a server nobody knows yet writes to
nobody. The counts go in the transaction that queues the report: it is sent once or not at all.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime

from django.conf import settings
from django.db import transaction

from mailcore.delivery import intake
from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient, Origin
from mailcore.kernel.errors import BadSyntax

from .. import dmarc, reportnames, tags
from ..models import DkimKey, DmarcOutcome, TlsOutcome
from ..names import Kind, Names, NamesFailed
from ..organisations import find_organisation
from ..tags import BadTags
from . import letters, writing
from .letters import Letter
from .writing import DmarcCount, Reporter, TlsCount

log = logging.getLogger(__name__)

MAX_A_TURN = 20
MAX_ADDRESSES = 3
MAX_ROWS = 20_000


def send_due(*, names: Names, now: int) -> int:
    """Send up to MAX_A_TURN reports of each kind about days that are over; their number. Asks the DNS outside transactions."""
    domain = _find_own_domain()
    if not settings.FACTEUR.send_reports or not domain:
        return 0
    today = datetime.fromtimestamp(now, UTC).date()
    sent = 0
    for day, about in (
        DmarcOutcome.objects.filter(day__lt=today).values_list("day", "policy_domain").distinct().order_by("day")[:MAX_A_TURN]
    ):
        sent += _send_dmarc(about, day, domain, names, now)
    for day, about in TlsOutcome.objects.filter(day__lt=today).values_list("day", "domain").distinct().order_by("day")[:MAX_A_TURN]:
        sent += _send_tls(about, day, domain, names, now)
    return sent


def find_tls_addresses(names: Names, about: str) -> list[str]:
    """mailto: addresses of the domain's TLSRPT record (RFC 8460 §3); NamesFailed where the DNS does not answer."""
    found = [text for text in names.look_up(f"_smtp._tls.{about}", Kind.TXT).records if text.startswith("v=TLSRPTv1")]
    if len(found) != 1:
        return []
    try:
        uris = tags.parse(found[0]).get("rua", "")
    except BadTags:
        return []
    return _valid(uri.strip().partition(":")[2] for uri in uris.split(",") if uri.strip().lower().startswith("mailto:"))


def find_dmarc_addresses(names: Names, policy: dmarc.Policy) -> list[str]:
    """Where reports about a domain may go: into its own organisation, or where the other one agrees (RFC 7489 §7.1)."""
    wanted = []
    for address in _valid(policy.report_to):
        host = address.rpartition("@")[2]
        if find_organisation(host) != find_organisation(policy.domain):
            texts = names.look_up(f"{policy.domain}._report._dmarc.{host}", Kind.TXT).records
            if not any(text.startswith("v=DMARC1") for text in texts):
                continue
        wanted.append(address)
    return wanted


def _send_dmarc(about: str, day: date, domain: str, names: Names, now: int) -> int:
    rows = DmarcOutcome.objects.filter(day=day, policy_domain=about)
    try:
        policy = dmarc.find_policy(names, about)
        addresses = find_dmarc_addresses(names, policy) if policy is not None else []
    except NamesFailed:
        return 0  # another day; the counts are purged in the end
    if policy is None or not addresses:
        rows.delete()
        return 0
    fields = ("author", "source", "disposition", "dkim_aligned", "spf_aligned", "spf_domain", "spf_result", "dkim", "override", "count")
    counts = [DmarcCount(*row) for row in rows.order_by("id").values_list(*fields)[:MAX_ROWS]]
    begin, report_id = _begin(day), _make_id("dmarc", about, day)
    data = writing.write_dmarc(policy, counts, reporter=_reporter(domain), report_id=report_id, begin=begin)
    letter = Letter(
        sender=f"{reportnames.DMARC}@{domain}",
        to=", ".join(addresses),
        subject=f"Report Domain: {about} Submitter: {domain} Report-ID: <{report_id}>",
        message_id=f"{report_id}@{domain}",
        at=now,
        text=f"This is a DMARC report about mail in the name of {about}.",
        data=data,
        filename=f"{domain}!{about}!{begin}!{begin + 86_399}.xml.gz",
        content_type="application/gzip",
    )
    return _post(letter, addresses, lambda: rows.delete()[0])


def _send_tls(about: str, day: date, domain: str, names: Names, now: int) -> int:
    rows = TlsOutcome.objects.filter(day=day, domain=about)
    try:
        addresses = find_tls_addresses(names, about)
    except NamesFailed:
        return 0
    if not addresses:
        rows.delete()
        return 0
    counts = [TlsCount(*row) for row in rows.order_by("id").values_list("policy", "result", "host", "address", "count")[:MAX_ROWS]]
    begin, report_id = _begin(day), _make_id("tls", about, day)
    letter = Letter(
        sender=f"{reportnames.TLS}@{domain}",
        to=", ".join(addresses),
        subject=f"Report Domain: {about} Submitter: {domain} Report-ID: <{report_id}>",
        message_id=f"{report_id}@{domain}",
        at=now,
        text=f"This is a report about TLS on the way to the mail hosts of {about}.",
        data=writing.write_tls(about, counts, reporter=_reporter(domain), report_id=report_id, begin=begin),
        filename=f"{domain}!{about}!{begin}!{begin + 86_399}.json.gz",
        content_type="application/tlsrpt+gzip",
        headers=(f"TLS-Report-Domain: {about}", f"TLS-Report-Submitter: {domain}", "TLS-Required: No"),
        container='report; report-type="tlsrpt"',
    )
    return _post(letter, addresses, lambda: rows.delete()[0])


def _post(letter: Letter, addresses: list[str], take: Callable[[], int]) -> int:
    raw = letters.build(letter)
    recipients = tuple(EnvelopeRecipient(address, notify="NEVER") for address in addresses)
    with transaction.atomic():
        if not take():
            return 0  # another machine was quicker
        trace_id = intake.accept(envelope=Envelope(letter.sender, recipients), raw=raw, origin=Origin("report", protocol="LOCAL"))
    log.info("report sent trace=%s to=%s", trace_id, letter.to)
    return 1


def _valid(addresses: Iterable[str]) -> list[str]:
    found = []
    for text in addresses:
        try:
            address = str(MailAddress.parse(text.partition("!")[0]))
        except BadSyntax:
            continue
        if address.isascii():
            found.append(address)
    return found[:MAX_ADDRESSES]


def _find_own_domain() -> str:
    active = DkimKey.objects.filter(state=DkimKey.State.ACTIVE, domain__is_active=True, domain__alias_of__isnull=True)
    return active.order_by("domain_id").values_list("domain__name", flat=True).first() or ""


def _reporter(domain: str) -> Reporter:
    return Reporter(domain, f"postmaster@{domain}")


def _begin(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _make_id(kind: str, about: str, day: date) -> str:
    return hashlib.sha256(f"{settings.FACTEUR.hostname}\0{kind}\0{about}\0{day}".encode()).hexdigest()[:24]

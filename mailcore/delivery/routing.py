"""Where an address leads, and who may write to it or as it.

One step of delivery: a mailbox or a list here, somewhere else, the addresses an alias stands for, or a no.
Used at RCPT (may we take it?) and again at delivery (the table may have changed meanwhile).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.db import connection

from mailcore.directory import addresses, domains, mailboxes
from mailcore.directory.addresses import Kind as Known
from mailcore.directory.addresses import Resolution
from mailcore.kernel.addresses import MailAddress, fold_domain
from mailcore.kernel.errors import BadSyntax, Denied, LimitReached, NotFound, OverQuota, Refused
from mailcore.kernel.ids import MailboxId
from mailcore.kernel.principal import Principal, Role
from mailcore.transports import table
from mailcore.transports.table import Place
from mailcore.trust import forwarding, reportnames


class Way(StrEnum):
    MAILBOX = "mailbox"
    REMOTE = "remote"
    EXPAND = "expand"
    LIST = "list"
    """A mailing list here: a post, or what `detail` asks of it."""
    REPORT = "report"
    """A report about a domain of ours: read, and not kept as mail."""
    REFUSE = "refuse"
    DEFER = "defer"


@dataclass(frozen=True, slots=True)
class Route:
    way: Way
    address: str
    """Canonical, for MAILBOX and REMOTE."""
    mailbox_id: MailboxId | None = None
    detail: str = ""
    targets: tuple[str, ...] = ()
    code: int = 250
    text: str = ""
    """Why not, with the enhanced code first."""


@dataclass(frozen=True, slots=True)
class Hop:
    """A next host set by the operator instead of the MX."""

    host: str
    port: int
    place: Place | None = None
    """The transport it is of."""


def route(address: str) -> Route:
    """One decision for one recipient; never raises for what an address can be."""
    try:
        original = forwarding.find_original(address)
        if original is not None:
            return Route(Way.EXPAND, address, targets=(original,))
        start = _parse(address)
        if _is_for_reports(start):
            return Route(Way.REPORT, str(start))
        ends = addresses.expand(start)
    except BadSyntax as error:
        return Route(Way.REFUSE, address, code=553, text=f"5.1.3 {error.public}")
    except Denied as error:
        return Route(Way.REFUSE, address, code=550, text=f"5.7.1 {error.public}")
    except LimitReached as error:
        return Route(Way.REFUSE, address, code=554, text=f"5.4.6 {error.public}")
    if not ends:
        return Route(Way.REFUSE, address, code=554, text="5.4.6 This alias leads back to itself.")
    if len(ends) > 1:
        return Route(Way.EXPAND, address, targets=tuple(end.address for end in ends))
    return _follow(start, ends[0])


def _follow(start: MailAddress, end: Resolution) -> Route:
    if end.kind is Known.MAILBOX:
        return Route(Way.MAILBOX, end.address, mailbox_id=end.mailbox_id, detail=end.detail)
    if end.kind is Known.LIST:
        return Route(Way.LIST, end.address, detail=end.detail)
    if end.kind is Known.REMOTE:
        if MailAddress.parse(end.address).folded == start.folded:
            return Route(Way.REMOTE, end.address)
        return Route(Way.EXPAND, str(start), targets=(end.address,))
    if end.kind is Known.SUSPENDED:
        return Route(Way.DEFER, end.address, code=450, text="4.2.1 This mailbox is suspended.")
    return Route(Way.REFUSE, end.address, code=550, text="5.1.1 There is no such mailbox here.")


def find_place(*, sender: str, recipient: str, size: int) -> Place | None:
    """The transport of the first route of the table that holds; None: the settings and the MX records decide, see `find_hop`."""
    rule = table.find_rule(sender=sender, recipient=recipient, size=size)
    return rule.place if rule is not None else None


def find_hop(domain: str) -> Hop | None:
    """The operator's route for a domain, else the smarthost, else None: by MX."""
    for line in settings.FACTEUR.routes:
        name, _, place = line.partition("=")
        if fold_domain(name) == domain:
            return _hop(place)
    return _hop(settings.FACTEUR.smarthost) if settings.FACTEUR.smarthost else None


def check_recipients(asked: Sequence[tuple[str, Principal | None, int]]) -> list[Exception | None]:
    """`check_recipient` of each (address, principal, size): what it raises, or None."""
    found: list[Exception | None] = [None] * len(asked)
    for position, (address, principal, size) in enumerate(asked):
        try:
            check_recipient(address=address, principal=principal, size=size)
        except Exception as error:
            found[position] = error
    return found


def check_recipient(*, address: str, principal: Principal | None, size: int) -> None:
    """Whether a message may be taken for this address.

    NotFound: unknown here. Refused: relaying, or suspended. OverQuota: every mailbox it leads to is full.
    Denied: it has the form of an address we make for bounces, and we did not make it.
    """
    if forwarding.find_original(address) is not None or _is_for_reports(_parse(address)):
        return
    first = addresses.resolve(_parse(address))
    if first.kind is Known.REMOTE:
        if principal is None and not table.is_relayed(first.domain):
            raise Refused("Relaying is not allowed without a login.", f"5.7.1 {address}")
        return
    ends = addresses.expand(_parse(address)) if first.targets else (first,)
    if any(end.kind in (Known.REMOTE, Known.LIST) for end in ends):
        return
    found = [end.mailbox_id for end in ends if end.kind is Known.MAILBOX and end.mailbox_id is not None]
    if not found:
        if any(end.kind is Known.SUSPENDED for end in ends):
            raise Refused("This mailbox is suspended.", f"5.2.1 {address}")
        raise NotFound("There is no such mailbox here.", f"5.1.1 {address}")
    if all(is_full(mailbox_id, size) for mailbox_id in found):
        raise OverQuota("The mailbox is full.", f"4.2.2 {address}")


def check_sender(*, address: str, principal: Principal) -> None:
    """Denied where this login may not send as this address. The null sender is anybody's."""
    if not address:
        return
    resolution = addresses.resolve(MailAddress.parse(address))
    if principal.role is Role.ROOT and resolution.kind is not Known.REMOTE:
        return
    if principal.mailbox_id is not None:
        if mailboxes.is_receive_only(mailbox_id=principal.mailbox_id):
            raise Denied("This mailbox receives only and may not send.", f"{principal.login} is receive-only")
        if resolution.mailbox_id == principal.mailbox_id:
            return
        if resolution.kind is Known.ALIAS and any(
            end.mailbox_id == principal.mailbox_id for end in addresses.expand(MailAddress.parse(address))
        ):
            return
    raise Denied(f"You may not send as {address}.", f"{principal.login} as {address}")


def is_full(mailbox_id: MailboxId, size: int) -> bool:
    limit = mailboxes.find_limit(mailbox_id=mailbox_id)
    if limit is None or not limit.bytes:
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT bytes FROM store_usage WHERE mailbox_id = %s", [mailbox_id])
        row = cursor.fetchone()
    return (row[0] if row else 0) + size > limit.bytes


def _is_for_reports(address: MailAddress) -> bool:
    """The two addresses our DNS records name, where nobody has them as their own."""
    if address.folded_local not in reportnames.NAMES:
        return False
    return addresses.resolve(address).kind in (Known.UNKNOWN, Known.CATCH_ALL)


def _parse(text: str) -> MailAddress:
    """`postmaster` alone, or at this host's own name, is the postmaster of the first domain here."""
    if text.lower() == "postmaster":
        text = f"postmaster@{settings.FACTEUR.hostname}"
    address = MailAddress.parse(text)
    own = settings.FACTEUR.hostname.lower()
    if address.domain == own and address.folded_local in addresses.SYSTEM_NAMES and not domains.is_local(name=own):
        active = next((domain.name for domain in domains.list_all() if domain.is_active and domain.alias_of_id is None), own)
        return MailAddress(address.local, active)
    return address


def _hop(place: str) -> Hop:
    host, colon, port = place.rpartition(":")
    if not colon or not port.isdigit():
        return Hop(place.strip("[]"), 25)
    return Hop(host.strip("[]"), int(port))

"""Mail handed in by programs of this machine: what submission would refuse is refused, then it goes in by the one door."""

from dataclasses import dataclass

from django.conf import settings

from mailcore.directory import addresses, domains
from mailcore.directory.authentication import find_principal
from mailcore.directory.models import User
from mailcore.filtering.policy import sending
from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient, Origin
from mailcore.kernel.errors import Denied, MailError, Refused
from mailcore.kernel.ids import TraceId, UserId
from mailcore.kernel.principal import Principal
from mailcore.trust.results import remove_forged

from . import intake, routing


@dataclass(frozen=True, slots=True)
class Bundle:
    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    caller: str
    """Who on this machine runs the program, for the trace line."""
    notify: str = ""
    ret: str = ""
    envid: str = ""


class Undeliverable(Exception):
    """Some of the recipients; the message was not taken for any."""

    def __init__(self, faults: tuple[tuple[str, MailError], ...]) -> None:
        super().__init__(", ".join(address for address, _ in faults))
        self.faults = faults


def complete(name: str) -> str:
    """An address of a name without a domain: `root` is root at this host's own domain, else at the first one here."""
    if "@" in name or not name:
        return name
    return f"{name}@{find_own_domain()}"


def find_own_domain() -> str:
    own = settings.FACTEUR.hostname.lower()
    if domains.is_local(name=own):
        return own
    return next((domain.name for domain in domains.list_all() if domain.is_active and domain.alias_of_id is None), own)


def hand_in(bundle: Bundle) -> TraceId:
    """Keep a message. Undeliverable names the recipients that cannot be; Denied, Throttled and what the intake raises as they say."""
    principal = _find_principal(bundle.sender)
    if bundle.sender:
        routing.check_sender(address=bundle.sender, principal=principal)
    faults = routing.check_recipients([(one, principal, len(bundle.raw)) for one in bundle.recipients])
    found = [(one, fault) for one, fault in zip(bundle.recipients, faults, strict=True) if fault is not None]
    for _, fault in found:
        if not isinstance(fault, MailError):
            raise fault
    if found:
        raise Undeliverable(tuple((one, fault) for one, fault in found if isinstance(fault, MailError)))
    hold = sending.admit(principal=principal, recipients=list(bundle.recipients), is_signed_in=False)
    raw = remove_forged(bundle.raw, hostname=settings.FACTEUR.hostname)[0]
    recipients = tuple(EnvelopeRecipient(one, notify=bundle.notify) for one in bundle.recipients)
    envelope = Envelope(
        bundle.sender,
        recipients,
        ret=bundle.ret,
        envid=bundle.envid,
        smtputf8=not all(one.isascii() for one in (bundle.sender, *bundle.recipients)),
        eight_bit=not raw.isascii(),
    )
    origin = Origin("local", helo=bundle.caller, protocol="local", user_id=principal.user_id, hold=hold)
    return intake.accept(envelope=envelope, raw=raw, origin=origin)


def _find_principal(sender: str) -> Principal:
    """The login whose mailbox the sender is, with its limits; else the administrator, for whom any address here will do."""
    found = addresses.resolve(MailAddress.parse(sender)) if sender else None
    owner = User.objects.filter(mailbox__id=found.mailbox_id).first() if found is not None and found.mailbox_id is not None else None
    if owner is not None:
        principal = find_principal(user_id=UserId(owner.pk))
        if principal is None:
            raise Denied("This sender is suspended.", sender)
        return principal
    root = User.objects.filter(role=User.Role.ROOT, is_active=True).order_by("id").first()
    principal = find_principal(user_id=UserId(root.pk)) if root is not None else None
    if principal is None:
        raise Refused("This server has no administrator yet; start it once.")
    return principal

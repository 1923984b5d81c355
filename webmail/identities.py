"""In whose name one may write: kept identities, or else the one the login stands for."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db import transaction
from django.utils.translation import gettext as _

from mailcore.delivery import routing
from mailcore.directory import own_addresses
from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import BadSyntax, MailError, NotFound
from mailcore.mime import addresses

from .access.opening import Owner
from .access.port import Person
from .models import Identity
from .sanitising.letters import sanitize_html

MAX_IDENTITIES = 50
MAX_SIGNATURE = 50_000


@dataclass(frozen=True, slots=True)
class Sender:
    """What the form offers in its From line."""

    key: str
    """"12" is a kept identity; "as:ann+shop@example.org" the first one, under another address of one's own."""
    person: Person
    reply_to: str = ""
    bcc: str = ""
    signature_text: str = ""
    signature_html: str = ""

    @property
    def label(self) -> str:
        return str(self.person)


@dataclass(frozen=True, slots=True)
class Fields:
    name: str
    address: str
    reply_to: str = ""
    bcc: str = ""
    signature_text: str = ""
    signature_html: str = ""
    is_default: bool = False


def list_kept(*, user_id: int) -> list[Identity]:
    return list(Identity.objects.filter(user_id=user_id))


def get(*, user_id: int, identity_id: int) -> Identity:
    found = Identity.objects.filter(user_id=user_id, id=identity_id).first()
    if found is None:
        raise NotFound("There is no such identity.")
    return found


def check(fields: Fields, owner: Owner) -> dict[str, str]:
    """Field → what is wrong with it."""
    faults: dict[str, str] = {}
    try:
        routing.check_sender(address=str(MailAddress.parse(fields.address)), principal=owner.principal)
    except MailError as error:
        faults["address"] = _(error.public)
    for name, text in (("reply_to", fields.reply_to), ("bcc", fields.bcc)):
        try:
            read = addresses.list_mailboxes(text)
            [MailAddress.parse(one.address) for one in read]
            if text.strip() and not read:
                raise BadSyntax("An address has the form name@domain.")
        except BadSyntax as error:
            faults[name] = _(error.public)
    if any(ord(char) < 32 for char in fields.name):
        faults["name"] = _("A name has one line.")
    if len(fields.signature_html) > MAX_SIGNATURE or len(fields.signature_text) > MAX_SIGNATURE:
        faults["signature_html"] = _("A signature has at most %(count)d characters.") % {"count": MAX_SIGNATURE}
    return faults


def save(fields: Fields, *, user_id: int, identity_id: int = 0) -> Identity:
    """Make or change one; `check` was asked before. Its HTML is sanitised here, once."""
    identity = get(user_id=user_id, identity_id=identity_id) if identity_id else Identity(user_id=user_id)
    if not identity_id and Identity.objects.filter(user_id=user_id).count() >= MAX_IDENTITIES:
        raise BadSyntax(f"At most {MAX_IDENTITIES} identities.")
    identity.name = fields.name.strip()[:200]
    identity.address = str(MailAddress.parse(fields.address))
    identity.reply_to, identity.bcc = fields.reply_to.strip()[:1000], fields.bcc.strip()[:1000]
    identity.signature_text = fields.signature_text.replace("\0", "").rstrip()
    identity.signature_html = clean_markup(fields.signature_html)
    with transaction.atomic():
        identity.is_default = (
            fields.is_default or not Identity.objects.filter(user_id=user_id, is_default=True).exclude(pk=identity.pk).exists()
        )
        if identity.is_default:
            Identity.objects.filter(user_id=user_id).update(is_default=False)
        identity.save()
    return identity


def remove(*, user_id: int, identity_id: int) -> None:
    with transaction.atomic():
        gone = get(user_id=user_id, identity_id=identity_id)
        gone.delete()
        left = Identity.objects.filter(user_id=user_id).first()
        if gone.is_default and left is not None:
            Identity.objects.filter(pk=left.pk).update(is_default=True)


def list_senders(owner: Owner) -> list[Sender]:
    """The default first. Those whose address has meanwhile been taken away are left out."""
    found = [_sender(one) for one in list_kept(user_id=owner.principal.user_id) if _may_send(one.address, owner)]
    return found or [Sender("0", owner.person)]


def choose(owner: Owner, reached: Iterable[str], *, key: str = "") -> tuple[list[Sender], Sender]:
    """All senders, and the one to begin with: the one asked for, else the one the letter came to, else the default."""
    senders = list_senders(owner)
    asked = find(senders, key, owner) if key else None
    if asked is not None:
        return ([*senders, asked] if asked not in senders else senders), asked
    by_address = {one.person.address.casefold(): one for one in reversed(senders)}
    own = MailAddress.parse(owner.person.address)
    for address in reached:
        folded = address.casefold()
        if folded in by_address:
            return senders, by_address[folded]
        if _is_detail_of(folded, own):
            special = replace(senders[0], key=f"as:{address}", person=Person(senders[0].person.name, address))
            return [*senders, special], special
    return senders, senders[0]


def find(senders: Iterable[Sender], key: str, owner: Owner) -> Sender | None:
    known = list(senders)
    for sender in known:
        if sender.key == key:
            return sender
    address = key.removeprefix("as:")
    if known and key.startswith("as:") and _may_send(address, owner):
        return replace(known[0], key=key, person=Person(known[0].person.name, address))
    return None


def suggest_addresses(owner: Owner) -> list[str]:
    mailbox_id = owner.principal.mailbox_id
    return [] if mailbox_id is None else own_addresses.list_own(mailbox_id=mailbox_id)


def clean_markup(html: str) -> str:
    """Markup of one's own, as it may be put into a letter: pictures from elsewhere stay, scripts and forms go."""
    return sanitize_html(html.replace("\0", ""), images={}, allow_remote=True).html.strip() if html.strip() else ""


def _sender(identity: Identity) -> Sender:
    person = Person(identity.name, identity.address)
    return Sender(str(identity.pk), person, identity.reply_to, identity.bcc, identity.signature_text, identity.signature_html)


def _may_send(address: str, owner: Owner) -> bool:
    try:
        routing.check_sender(address=address, principal=owner.principal)
    except MailError:
        return False
    return True


def _is_detail_of(address: str, own: MailAddress) -> bool:
    try:
        parsed = MailAddress.parse(address)
    except BadSyntax:
        return False
    user, detail = parsed.split_detail()
    return bool(detail) and parsed.domain == own.domain and user.casefold() == own.folded_local

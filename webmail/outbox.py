"""What is being written: from form fields to a draft, and from a draft on its way.

A draft is a message in Drafts with its files inside it, so it is found from any mail program
and nothing of it lies anywhere else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from mailcore.delivery import intake, routing
from mailcore.kernel import flags
from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient, Origin
from mailcore.kernel.errors import BadSyntax, MailError, NotFound
from mailcore.mime import addresses
from mailcore.mime.building import Attachment, build, new_message_id

from .access.opened import read_attachment
from .access.opening import Owner
from .access.port import MailAccess

MODES = ("new", "reply", "all", "forward", "draft")


@dataclass(frozen=True, slots=True)
class Place:
    """A message by folder and uid."""

    folder: str = ""
    uid: int = 0


@dataclass(frozen=True, slots=True)
class Writing:
    """The fields of the form, as typed."""

    to: str = ""
    cc: str = ""
    bcc: str = ""
    subject: str = ""
    text: str = ""
    mode: str = "new"
    source: Place = Place()
    """What is answered or forwarded."""
    draft_uid: int = 0
    kept: tuple[str, ...] = ()
    """Files to keep: `draft-0` of the draft, `source-0` of the message forwarded."""
    uploads: tuple[Attachment, ...] = ()
    in_reply_to: str = ""
    references: tuple[str, ...] = ()

    @property
    def is_blank(self) -> bool:
        return not any((self.to, self.cc, self.bcc, self.subject, self.text.strip(), self.kept, self.uploads))


@dataclass(frozen=True, slots=True)
class Faults:
    """Field → what is wrong with it."""

    fields: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.fields)


def save_draft(*, writing: Writing, owner: Owner, mail: MailAccess) -> int:
    """Keep it in Drafts in place of the draft before; the new uid. Addresses that cannot be read stay out of the headers' way."""
    folder = mail.find_special("\\Drafts")
    raw = _build(writing, owner, _files(writing, mail), new_message_id(_domain(owner)), as_draft=True)
    uid = mail.append(folder, raw, flags=flags.DRAFT | flags.SEEN)
    if writing.draft_uid:
        mail.delete_for_good(folder, [writing.draft_uid])
    return uid


def discard(*, draft_uid: int, mail: MailAccess) -> None:
    mail.delete_for_good(mail.find_special("\\Drafts"), [draft_uid])


def send(*, writing: Writing, owner: Owner, mail: MailAccess, peer: str) -> Faults:
    """Give it to the intake, keep a copy in Sent, mark what it answers. Nothing is sent where there are faults."""
    recipients, faults = read_recipients(writing)
    if faults:
        return faults
    files = _files(writing, mail)
    message_id = new_message_id(_domain(owner))
    raw = _build(writing, owner, files, message_id, as_draft=False)
    faults = _check(recipients, owner, len(raw))
    if faults:
        return faults
    envelope = Envelope(
        owner.person.address,
        tuple(EnvelopeRecipient(address) for address in dict.fromkeys(recipients.values_in_order())),
        smtputf8=not all(address.isascii() for address in recipients.values_in_order()),
    )
    intake.accept(envelope=envelope, raw=raw, origin=Origin(source="web", peer=peer, protocol="HTTP", user_id=owner.principal.user_id))
    copy = _build(writing, owner, files, message_id, as_draft=False, keep_bcc=True) if writing.bcc.strip() else raw
    mail.append(mail.find_special("\\Sent"), copy, flags=flags.SEEN)
    if writing.draft_uid:
        discard(draft_uid=writing.draft_uid, mail=mail)
    _mark_source(writing, mail)
    return Faults()


@dataclass(frozen=True, slots=True)
class Recipients:
    by_field: dict[str, tuple[str, ...]]

    def values_in_order(self) -> list[str]:
        return [address for found in self.by_field.values() for address in found]


def read_recipients(writing: Writing) -> tuple[Recipients, Faults]:
    found: dict[str, tuple[str, ...]] = {}
    faults: dict[str, str] = {}
    for name in ("to", "cc", "bcc"):
        text = split_list(getattr(writing, name))
        mailboxes = addresses.list_mailboxes(text)
        try:
            found[name] = tuple(str(MailAddress.parse(mailbox.address)) for mailbox in mailboxes)
        except BadSyntax as error:
            bad = next((mailbox.address for mailbox in mailboxes if not _is_address(mailbox.address)), text)
            faults[name] = f"{bad} cannot be written to. {error.public}"
            continue
        odd = next((mailbox.address for mailbox in mailboxes if mailbox.address not in text.replace('"', "").replace("\\", "")), "")
        if odd:
            # The reader of headers mends what programs get wrong; what a person typed is asked about instead.
            faults[name] = f"{text[:80]} cannot be written to. Is {odd} meant?"
        elif text and not mailboxes:
            faults[name] = f"{text[:80]} is no address. An address has the form name@domain."
    if not faults and not any(found.values()):
        faults["to"] = "Say who it is for."
    return Recipients(found), Faults(faults)


def split_list(text: str) -> str:
    """Lists as people paste them: semicolons and line ends part addresses too."""
    return ", ".join(piece.strip() for piece in text.replace(";", ",").replace("\r", "\n").replace("\n", ",").split(",") if piece.strip())


def _is_address(text: str) -> bool:
    try:
        MailAddress.parse(text)
    except BadSyntax:
        return False
    return True


def _check(recipients: Recipients, owner: Owner, size: int) -> Faults:
    faults: dict[str, str] = {}
    for name, found in recipients.by_field.items():
        for address in found:
            try:
                routing.check_recipient(address=address, principal=owner.principal, size=size)
            except MailError as error:
                faults.setdefault(name, f"{address}: {error.public}")
    return Faults(faults)


def _build(
    writing: Writing, owner: Owner, files: Sequence[Attachment], message_id: str, *, as_draft: bool, keep_bcc: bool = False
) -> bytes:
    lists = {name: split_list(getattr(writing, name)) for name in ("to", "cc", "bcc")}
    unreadable = ""
    if as_draft:
        unreadable = "; ".join(text for text in lists.values() if text and not _can_be_written(text))
        lists = {name: text if not text or _can_be_written(text) else "" for name, text in lists.items()}
    return build(
        sender=str(owner.person),
        to=[lists["to"]] if lists["to"] else [],
        cc=[lists["cc"]] if lists["cc"] else [],
        bcc=[lists["bcc"]] if lists["bcc"] else [],
        subject=" ".join(writing.subject.split()),
        text=writing.text,
        attachments=files,
        in_reply_to=writing.in_reply_to or None,
        references=writing.references,
        message_id=message_id,
        headers=[("X-Facteur-Unfinished", unreadable[:900])] if unreadable else [],
        keep_bcc=as_draft or keep_bcc,
    )


def _can_be_written(text: str) -> bool:
    found = addresses.list_mailboxes(text)
    return bool(found) and all(_is_address(mailbox.address) for mailbox in found)


def _files(writing: Writing, mail: MailAccess) -> list[Attachment]:
    places = {"source": writing.source, "draft": Place(mail.find_special("\\Drafts") if writing.draft_uid else "", writing.draft_uid)}
    raws = {name: mail.read_raw(place.folder, place.uid) for name, place in places.items() if _is_used(name, writing) and place.uid}
    files: list[Attachment] = []
    for kept in writing.kept:
        name, _, number = kept.partition("-")
        if name not in raws or not number.isdecimal():
            raise NotFound("A file of this message is gone. Attach it again.", kept)
        attachment, data = read_attachment(raws[name], int(number))
        files.append(Attachment(attachment.filename, attachment.media_type, data))
    return [*files, *writing.uploads]


def _is_used(name: str, writing: Writing) -> bool:
    return any(kept.startswith(f"{name}-") for kept in writing.kept)


def _mark_source(writing: Writing, mail: MailAccess) -> None:
    if not writing.source.uid:
        return
    try:
        if writing.mode == "forward":
            mail.set_flag(writing.source.folder, [writing.source.uid], keyword="$Forwarded", on=True)
        elif writing.mode in ("reply", "all"):
            mail.set_flag(writing.source.folder, [writing.source.uid], flag=flags.ANSWERED, on=True)
    except NotFound:
        # It was moved or deleted while the answer was written; the answer is sent all the same.
        return


def _domain(owner: Owner) -> str:
    return owner.person.address.rpartition("@")[2]

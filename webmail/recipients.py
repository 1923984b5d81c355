"""Lists of people as they are typed and as they are written."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import BadSyntax
from mailcore.mime import addresses

from .access.port import Person

FIELDS = ("to", "cc", "bcc")


@dataclass(frozen=True, slots=True)
class Faults:
    """Field → what is wrong with it."""

    fields: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.fields)


NO_FAULTS = Faults()


@dataclass(frozen=True, slots=True)
class Recipients:
    by_field: dict[str, tuple[str, ...]]

    def values_in_order(self) -> list[str]:
        return [address for found in self.by_field.values() for address in found]


def read_recipients(lists: dict[str, str]) -> tuple[Recipients, Faults]:
    """`lists` is field → text. Nobody at all is a fault of "to"."""
    found: dict[str, tuple[str, ...]] = {}
    faults: dict[str, str] = {}
    for name in FIELDS:
        text = split_list(lists.get(name, ""))
        mailboxes = addresses.list_mailboxes(text)
        try:
            found[name] = tuple(str(MailAddress.parse(mailbox.address)) for mailbox in mailboxes)
        except BadSyntax as error:
            bad = next((mailbox.address for mailbox in mailboxes if not is_address(mailbox.address)), text)
            faults[name] = _("%(address)s cannot be written to. %(why)s") % {"address": bad, "why": _(error.public)}
            continue
        odd = next((mailbox.address for mailbox in mailboxes if mailbox.address not in text.replace('"', "").replace("\\", "")), "")
        if odd:
            # The reader of headers mends what programs get wrong; what a person typed is asked about instead.
            faults[name] = _("%(address)s cannot be written to. Is %(other)s meant?") % {"address": text[:80], "other": odd}
        elif text and not mailboxes:
            faults[name] = _("%(address)s is no address. An address has the form name@domain.") % {"address": text[:80]}
    if not faults and not any(found.values()):
        faults["to"] = _("Say who it is for.")
    return Recipients(found), Faults(faults)


def split_list(text: str) -> str:
    """Lists as people paste them: semicolons and line ends part addresses too."""
    return ", ".join(piece.strip() for piece in text.replace(";", ",").replace("\r", "\n").replace("\n", ",").split(",") if piece.strip())


def can_be_written(text: str) -> bool:
    found = addresses.list_mailboxes(text)
    return bool(found) and all(is_address(mailbox.address) for mailbox in found)


def is_address(text: str) -> bool:
    try:
        MailAddress.parse(text)
    except BadSyntax:
        return False
    return True


def join(people: tuple[Person, ...] | list[Person]) -> str:
    return ", ".join(write_person(person) for person in people if person.address)


def write_person(person: Person) -> str:
    """As a header holds it: a name with more than letters is quoted."""
    if not person.name:
        return person.address
    plain = all(char.isalnum() or char in " -'" for char in person.name)
    quoted = person.name.replace("\\", "\\\\").replace('"', '\\"')
    return f"{person.name} <{person.address}>" if plain else f'"{quoted}" <{person.address}>'

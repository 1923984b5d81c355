"""Address books: people, groups, duplicates, cards and tables in and out."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import BadSyntax, LimitReached, NotFound

from .models import Book, Contact, ContactAddress, Group
from .vcards import MAX_PHOTO, Card, picture_type, read_cards, write_cards

MAX_CONTACTS = 20_000
MAX_IMPORT = 30_000_000
LIST = 300
_COLUMNS = (
    "Name",
    "Given name",
    "Family name",
    "Email",
    "Email 2",
    "Email 3",
    "Phone",
    "Organisation",
    "Title",
    "Address",
    "Birthday",
    "URL",
    "Note",
)
_KNOWN_COLUMNS = {
    "name": ("name", "display name", "full name", "fn", "nom complet", "nom affiché"),
    "given": ("given name", "first name", "prénom", "prenom"),
    "family": ("family name", "last name", "surname", "nom", "nom de famille"),
    "organisation": ("organisation", "organization", "company", "organization name", "société", "organization 1 - name"),
    "title": ("title", "job title", "fonction", "organization 1 - title"),
    "note": ("note", "notes", "remarques"),
    "birthday": ("birthday", "anniversaire"),
    "url": ("url", "web page", "website", "web page 1"),
    "postal": ("address", "home address", "adresse"),
}


@dataclass(frozen=True, slots=True)
class Imported:
    added: int = 0
    changed: int = 0
    skipped: tuple[str, ...] = field(default=())
    """What could not be taken, in words."""


def default_book(*, user_id: int, name: str = "Contacts") -> Book:
    return Book.objects.filter(user_id=user_id).order_by("id").first() or Book.objects.create(user_id=user_id, name=name)


def list_contacts(*, user_id: int, text: str = "", book_id: int = 0, group_id: int = 0) -> list[Contact]:
    """At most LIST, by name."""
    found = _own(user_id)
    for word in text.split()[:6]:
        hits = ContactAddress.objects.filter(folded__icontains=word.casefold()).values("contact_id")
        found = found.filter(Q(name__icontains=word) | Q(organisation__icontains=word) | Q(pk__in=hits))
    if book_id:
        found = found.filter(book_id=book_id)
    if group_id:
        found = found.filter(groups=group_id)
    return list(found.order_by("name", "id").prefetch_related("addresses").defer("photo", "others", "note")[:LIST])


def get(*, user_id: int, contact_id: int) -> Contact:
    found = _own(user_id).filter(pk=contact_id).prefetch_related("addresses", "groups").first()
    if found is None:
        raise NotFound("There is no such contact.")
    return found


def find_by_address(*, user_id: int, address: str) -> Contact | None:
    row = ContactAddress.objects.filter(contact__book__user_id=user_id, folded=address.casefold()).select_related("contact").first()
    return None if row is None else row.contact


def save(card: Card, *, user_id: int, contact_id: int = 0, book_id: int = 0, group_ids: Iterable[int] = ()) -> Contact:
    """Make or change one. BadSyntax names what cannot be kept; then nothing is."""
    if not card.name.strip() and not card.emails:
        raise BadSyntax("A contact needs a name or an address.")
    for _kind, address in card.emails:
        MailAddress.parse(address)
    with transaction.atomic():
        contact = get(user_id=user_id, contact_id=contact_id) if contact_id else Contact(book=_book(user_id, book_id))
        if not contact_id and _own(user_id).count() >= MAX_CONTACTS:
            raise LimitReached(f"At most {MAX_CONTACTS} contacts.")
        if contact_id and book_id:
            contact.book = _book(user_id, book_id)
        _fill(contact, card)
        contact.save()
        _set_addresses(contact, card)
        contact.groups.set(Group.objects.filter(user_id=user_id, pk__in=list(group_ids)))
    return contact


def set_photo(*, user_id: int, contact_id: int, data: bytes) -> None:
    """ "" takes it away. BadSyntax for what is no picture or too large."""
    contact = get(user_id=user_id, contact_id=contact_id)
    kind = picture_type(data)
    if data and (not kind or len(data) > MAX_PHOTO):
        raise BadSyntax(f"A photo is a PNG, JPEG, GIF or WebP of at most {MAX_PHOTO // 1000} KB.")
    contact.photo, contact.photo_type = data or None, kind
    contact.save(update_fields=["photo", "photo_type", "updated_at"])


def remove(*, user_id: int, contact_ids: Sequence[int]) -> int:
    return _own(user_id).filter(pk__in=list(contact_ids)).delete()[1].get("webmail.Contact", 0)


def make_group(*, user_id: int, name: str) -> Group:
    name = " ".join(name.split())[:100]
    if not name:
        raise BadSyntax("A group needs a name.")
    return Group.objects.get_or_create(user_id=user_id, name=name)[0]


def remove_group(*, user_id: int, group_id: int) -> None:
    if not Group.objects.filter(user_id=user_id, pk=group_id).delete()[0]:
        raise NotFound("There is no such group.")


def add_to_group(*, user_id: int, group_id: int, contact_ids: Sequence[int]) -> int:
    group = Group.objects.filter(user_id=user_id, pk=group_id).first()
    if group is None:
        raise NotFound("There is no such group.")
    people = list(_own(user_id).filter(pk__in=list(contact_ids)))
    group.members.add(*people)
    return len(people)


def make_book(*, user_id: int, name: str) -> Book:
    name = " ".join(name.split())[:100]
    if not name:
        raise BadSyntax("A book needs a name.")
    return Book.objects.create(user_id=user_id, name=name)


def remove_book(*, user_id: int, book_id: int) -> None:
    """With everybody in it."""
    if not Book.objects.filter(user_id=user_id, pk=book_id).delete()[0]:
        raise NotFound("There is no such book.")


def find_duplicates(*, user_id: int) -> list[list[Contact]]:
    """Contacts that share an address, or that have the same name and none of whose addresses say otherwise."""
    contacts = {one.pk: one for one in _own(user_id).prefetch_related("addresses").defer("photo", "others")}
    heads: dict[int, int] = {pk: pk for pk in contacts}

    def head(pk: int) -> int:
        while heads[pk] != pk:
            heads[pk] = heads[heads[pk]]
            pk = heads[pk]
        return pk

    seen: dict[str, int] = {}
    for pk, one in contacts.items():
        keys = [f"a:{address.folded}" for address in one.addresses.all()]
        keys += [f"n:{one.name.casefold().strip()}"] if one.name.strip() else []
        for key in keys:
            if key in seen:
                heads[head(pk)] = head(seen[key])
            seen.setdefault(key, pk)
    together: dict[int, list[Contact]] = {}
    for pk in contacts:
        together.setdefault(head(pk), []).append(contacts[pk])
    return [found for found in together.values() if len(found) > 1]


def merge(*, user_id: int, contact_ids: Sequence[int]) -> Contact:
    """Into the first: it keeps its fields, takes what it lacks, and every address, number and group of the others."""
    people = [get(user_id=user_id, contact_id=contact_id) for contact_id in dict.fromkeys(contact_ids)]
    if len(people) < 2:
        raise BadSyntax("Choose at least two to be one.")
    cards = [to_card(one) for one in people]
    first = cards[0]
    fields = {name: next((value for card in cards if (value := getattr(card, name))), getattr(first, name)) for name in _SINGLE}
    merged = Card(
        **fields,
        emails=_unique([pair for card in cards for pair in card.emails]),
        phones=_unique([pair for card in cards for pair in card.phones]),
        others=tuple(dict.fromkeys(line for card in cards for line in card.others)),
        uid=first.uid,
    )
    groups = {group.pk for one in people for group in one.groups.all()}
    with transaction.atomic():
        remove(user_id=user_id, contact_ids=[one.pk for one in people[1:]])
        return save(merged, user_id=user_id, contact_id=people[0].pk, group_ids=groups)


_SINGLE = ("name", "given", "family", "organisation", "title", "postal", "birthday", "url", "note", "photo", "photo_type")


def import_text(text: str, *, user_id: int, book_id: int = 0) -> Imported:
    """Cards or a table, told apart by what is in it. A card whose UID is here already is brought up to date."""
    cards = read_cards(text) if "BEGIN:VCARD" in text[:20_000].upper() else read_table(text)
    if not cards:
        raise BadSyntax("No contacts were found in this file. It should be a vCard (.vcf) or a table (.csv) with a heading.")
    added = changed = 0
    skipped: list[str] = []
    book = _book(user_id, book_id)
    known = dict(Contact.objects.filter(book=book, uid__in=[card.uid for card in cards if card.uid]).values_list("uid", "pk"))
    for card in cards:
        try:
            save(card, user_id=user_id, contact_id=known.get(card.uid, 0), book_id=book.pk)
        except (BadSyntax, LimitReached) as error:
            skipped.append(f"{card.name or '?'}: {error.public}")
            continue
        added, changed = (added, changed + 1) if card.uid in known else (added + 1, changed)
    return Imported(added, changed, tuple(skipped))


def read_table(text: str) -> list[Card]:
    """CSV with a heading, comma or semicolon, as Google, Outlook, Thunderbird and this program write it."""
    text = text.lstrip("\ufeff")
    head = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else "\t" if "\t" in head else ",")
    try:
        columns = [name.strip().casefold() for name in next(rows, [])]
        return [card for row in rows if (card := _read_row(columns, row)) is not None]
    except csv.Error as error:
        raise BadSyntax("This table cannot be read.", str(error)) from error


def export(contacts: Iterable[Contact], *, kind: str) -> str:
    cards = [to_card(one) for one in contacts]
    if kind != "csv":
        return write_cards(cards, version="3.0" if kind == "vcf3" else "4.0")
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for card in cards:
        addresses = [*[address for _kind, address in card.emails][:3], "", "", ""]
        phone = card.phones[0][1] if card.phones else ""
        row = [
            card.name,
            card.given,
            card.family,
            *addresses[:3],
            phone,
            card.organisation,
            card.title,
            card.postal,
            card.birthday,
            card.url,
            card.note,
        ]
        writer.writerow([_harmless(value) for value in row])
    return out.getvalue()


def to_card(contact: Contact) -> Card:
    return Card(
        name=contact.name,
        given=contact.given,
        family=contact.family,
        emails=tuple((one.kind, one.address) for one in contact.addresses.all()),
        phones=tuple((str(kind), str(number)) for kind, number in contact.phones),
        organisation=contact.organisation,
        title=contact.title,
        postal=contact.postal,
        birthday=contact.birthday,
        url=contact.url,
        note=contact.note,
        photo=bytes(contact.photo or b""),
        photo_type=contact.photo_type,
        uid=contact.uid,
        others=tuple(filter(None, contact.others.split("\n"))),
    )


def _harmless(value: str) -> str:
    """A cell that a spreadsheet would take for a formula is quoted as text."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t") and not value.lstrip("+-").replace(" ", "").isdecimal() else value


def _read_row(columns: list[str], row: list[str]) -> Card | None:
    cells = {name: value.strip().replace("\0", "") for name, value in zip(columns, row, strict=False) if value.strip()}
    fields: dict[str, Any] = {field: next((cells[name] for name in names if name in cells), "") for field, names in _KNOWN_COLUMNS.items()}
    emails = [value for name, value in cells.items() if ("mail" in name or "courriel" in name) and "@" in value]
    phones = [value for name, value in cells.items() if ("phone" in name or "tel" in name or "mobile" in name) and "type" not in name]
    fields["name"] = fields["name"] or " ".join(filter(None, (fields["given"], fields["family"]))) or (emails[0] if emails else "")
    if not fields["name"]:
        return None
    return Card(**fields, emails=tuple(("", address) for address in emails), phones=tuple(("", number) for number in phones))


def _own(user_id: int) -> QuerySet[Contact]:
    return Contact.objects.filter(book__user_id=user_id)


def _book(user_id: int, book_id: int) -> Book:
    found = Book.objects.filter(user_id=user_id, pk=book_id).first() if book_id else default_book(user_id=user_id)
    if found is None:
        raise NotFound("There is no such book.")
    return found


def _fill(contact: Contact, card: Card) -> None:
    contact.name = (card.name.strip() or card.emails[0][1])[:200]
    contact.given, contact.family = card.given[:100], card.family[:100]
    contact.organisation, contact.title = card.organisation[:200], card.title[:200]
    contact.postal, contact.birthday, contact.url, contact.note = card.postal, card.birthday[:20], card.url[:500], card.note
    contact.phones = [list(pair) for pair in card.phones]
    contact.others = "\n".join(card.others)
    if card.uid:
        contact.uid = card.uid[:255]
    if card.photo:
        contact.photo, contact.photo_type = card.photo, card.photo_type


def _set_addresses(contact: Contact, card: Card) -> None:
    ContactAddress.objects.filter(contact=contact).delete()
    rows = [
        ContactAddress(contact=contact, address=address[:320], folded=address.casefold()[:320], kind=kind[:20], position=position)
        for position, (kind, address) in enumerate(_unique(list(card.emails)))
    ]
    ContactAddress.objects.bulk_create(rows)


def _unique(pairs: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    found: dict[str, tuple[str, str]] = {}
    for kind, value in pairs:
        found.setdefault(value.casefold(), (kind, value))
    return tuple(found.values())

"""Contacts: the list, one card, groups and books, import and export, duplicates."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mailcore.kernel.errors import BadSyntax, MailError, NotFound

from .. import contacts, correspondents
from ..desk import Desk, Toast, frame, is_fragment, leave_toast, with_desk
from ..models import Book, Contact, Correspondent, Group
from ..vcards import Card

_EXPORTS = {"vcf": "text/vcard", "vcf3": "text/vcard", "csv": "text/csv"}
_FIELDS = ("name", "given", "family", "organisation", "title", "postal", "birthday", "url", "note")


@require_GET
@with_desk
def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    user_id = desk.owner.principal.user_id
    book_id, group_id = _number(request.GET.get("book", "")), _number(request.GET.get("group", ""))
    typed = request.GET.get("q", "").strip()[:100]
    found = contacts.list_contacts(user_id=user_id, text=typed, book_id=book_id, group_id=group_id)
    context = _around(request, desk) | {
        "found": found,
        "typed_contact": typed,
        "book_id": book_id,
        "group_id": group_id,
        "group": next((one for one in Group.objects.filter(user_id=user_id, pk=group_id)), None) if group_id else None,
        "book": next((one for one in Book.objects.filter(user_id=user_id, pk=book_id)), None) if book_id else None,
        "is_cut": len(found) == contacts.LIST,
    }
    return render(request, "webmail/contacts/_list.html" if is_fragment(request) else "webmail/contacts/index.html", context)


@require_http_methods(["GET", "POST"])
@with_desk
def edit(request: HttpRequest, desk: Desk, contact_id: int = 0) -> HttpResponse:
    user_id = desk.owner.principal.user_id
    contact = contacts.get(user_id=user_id, contact_id=contact_id) if contact_id else None
    if request.method == "GET":
        card = contacts.to_card(contact) if contact else Card(name=request.GET.get("name", ""), emails=_asked_address(request))
        return _form(request, desk, contact, card, {})
    card = _read_card(request, contact)
    try:
        kept = contacts.save(
            card,
            user_id=user_id,
            contact_id=contact_id,
            book_id=_number(request.POST.get("book", "")),
            group_ids=[_number(one) for one in request.POST.getlist("group")],
        )
        _keep_photo(request, user_id, kept)
    except NotFound:
        raise
    except MailError as error:
        return _form(request, desk, contact, card, {"form": _(error.public)}, status=422)
    leave_toast(request, Toast(_("Contact kept")))
    return redirect("contact", contact_id=kept.pk)


@require_GET
@with_desk
def photo(request: HttpRequest, desk: Desk, contact_id: int) -> HttpResponse:
    contact = contacts.get(user_id=desk.owner.principal.user_id, contact_id=contact_id)
    if not contact.photo:
        raise NotFound("There is no photo.")
    headers = {"Content-Security-Policy": "sandbox; default-src 'none'", "Cache-Control": "private, max-age=300"}
    return HttpResponse(bytes(contact.photo), content_type=contact.photo_type, headers=headers)


@require_POST
@with_desk
def act(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What is done to chosen contacts: removed, put into a group, made one."""
    user_id = desk.owner.principal.user_id
    chosen = [number for text in request.POST.getlist("contact")[:1_000] if (number := _number(text))]
    what = request.POST.get("do", "")
    if not chosen:
        raise BadSyntax(_("Choose somebody first."))
    if what == "remove":
        count = contacts.remove(user_id=user_id, contact_ids=chosen)
        text = ngettext("%(count)d contact removed", "%(count)d contacts removed", count) % {"count": count}
    elif what == "merge":
        contacts.merge(user_id=user_id, contact_ids=chosen)
        text = _("Made one")
    elif what.startswith("group:"):
        count = contacts.add_to_group(user_id=user_id, group_id=_number(what[6:]), contact_ids=chosen)
        text = ngettext("%(count)d person added", "%(count)d people added", count) % {"count": count}
    else:
        raise BadSyntax("That cannot be done to a contact.", repr(what))
    leave_toast(request, Toast(text))
    return redirect(request.POST.get("back", "") if request.POST.get("back", "").startswith("/contacts") else "/contacts")


@require_POST
@with_desk
def arrange(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Groups and books: made and removed."""
    user_id = desk.owner.principal.user_id
    what, number = request.POST.get("do", ""), _number(request.POST.get("id", ""))
    if what == "new-group":
        group = contacts.make_group(user_id=user_id, name=request.POST.get("name", ""))
        return redirect(f"/contacts?group={group.pk}")
    if what == "new-book":
        book = contacts.make_book(user_id=user_id, name=request.POST.get("name", ""))
        return redirect(f"/contacts?book={book.pk}")
    if what == "remove-group":
        contacts.remove_group(user_id=user_id, group_id=number)
        leave_toast(request, Toast(_("Group removed. Its people stay")))
    elif what == "remove-book":
        contacts.remove_book(user_id=user_id, book_id=number)
        leave_toast(request, Toast(_("Book removed")))
    else:
        raise BadSyntax("That cannot be done.", repr(what))
    return redirect("contacts")


@require_http_methods(["GET", "POST"])
@with_desk
def bring(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Import, with what was left out said line by line."""
    context: dict[str, Any] = {"result": None, "fault": ""}
    file = request.FILES.get("file") if request.method == "POST" else None
    if request.method == "POST":
        try:
            if file is None or (file.size or 0) > contacts.MAX_IMPORT:
                raise BadSyntax(_("Choose a file of at most 30 MB."))
            book_id = _number(request.POST.get("book", ""))
            context["result"] = contacts.import_text(_decode(file.read()), user_id=desk.owner.principal.user_id, book_id=book_id)
        except MailError as error:
            context["fault"] = _(error.public)
    status = 422 if context["fault"] else 200
    return render(request, "webmail/contacts/import.html", context | _around(request, desk), status=status)


@require_GET
@with_desk
def take(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Export of what the list shows, or of one."""
    user_id = desk.owner.principal.user_id
    kind = request.GET.get("kind", "vcf") if request.GET.get("kind", "vcf") in _EXPORTS else "vcf"
    found = Contact.objects.filter(book__user_id=user_id)
    for name, column in (("book", "book_id"), ("group", "groups"), ("contact", "pk")):
        if number := _number(request.GET.get(name, "")):
            found = found.filter(**{column: number})
    text = contacts.export(found.order_by("name", "id").prefetch_related("addresses"), kind=kind)
    response = HttpResponse(text, content_type=f"{_EXPORTS[kind]}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="contacts.{kind[:3]}"'
    return response


@require_GET
@with_desk
def duplicates(request: HttpRequest, desk: Desk) -> HttpResponse:
    found = contacts.find_duplicates(user_id=desk.owner.principal.user_id)
    return render(request, "webmail/contacts/duplicates.html", _around(request, desk) | {"sets": found[:100]})


@require_http_methods(["GET", "POST"])
@with_desk
def collected(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Whom one wrote to without keeping them: to be kept, or forgotten."""
    user_id = desk.owner.principal.user_id
    if request.method == "POST":
        address = request.POST.get("address", "")
        if request.POST.get("do") == "keep":
            row = Correspondent.objects.filter(user_id=user_id, folded=address.casefold()).first()
            if row is None:
                raise NotFound("There is no such address.")
            contacts.save(Card(name=row.name or row.address, emails=(("", row.address),)), user_id=user_id)
            leave_toast(request, Toast(_("Contact kept")))
        else:
            correspondents.forget(user_id=user_id, address=address)
            leave_toast(request, Toast(_("Forgotten")))
        return redirect("collected")
    rows = list(Correspondent.objects.filter(user_id=user_id).order_by("-rank")[: contacts.LIST])
    return render(request, "webmail/contacts/collected.html", _around(request, desk) | {"rows": rows})


def _around(request: HttpRequest, desk: Desk) -> dict[str, Any]:
    user_id = desk.owner.principal.user_id
    books, groups = list(Book.objects.filter(user_id=user_id)), list(Group.objects.filter(user_id=user_id))
    return frame(request, desk) | {"books": books, "groups": groups}


def _form(request: HttpRequest, desk: Desk, contact: Contact | None, card: Card, faults: dict[str, str], status: int = 200) -> HttpResponse:
    context = _around(request, desk) | {
        "contact": contact,
        "card": card,
        "faults": faults,
        "emails": [*card.emails, *[("", "")] * (3 if len(card.emails) < 3 else 1)],
        "phones": [*card.phones, *[("", "")] * 2],
        "kinds": (("", _("Other")), ("home", _("Home")), ("work", _("Work")), ("cell", _("Mobile"))),
        "in_groups": {group.pk for group in contact.groups.all()} if contact else set(),
    }
    return render(request, "webmail/contacts/edit.html", context, status=status)


def _read_card(request: HttpRequest, contact: Contact | None) -> Card:
    post = request.POST
    before = contacts.to_card(contact) if contact else Card()
    texts: dict[str, Any] = {name: post.get(name, "").replace("\0", "").replace("\r\n", "\n").strip() for name in _FIELDS}
    pairs = {name: _read_pairs(post.getlist(f"{name}_kind"), post.getlist(name[:-1])) for name in ("emails", "phones")}
    return Card(**texts, emails=pairs["emails"], phones=pairs["phones"], uid=before.uid, others=before.others)


def _read_pairs(kinds: list[str], values: list[str]) -> tuple[tuple[str, str], ...]:
    return tuple((kind[:20], value.strip()) for kind, value in zip(kinds, values, strict=False) if value.strip())


def _keep_photo(request: HttpRequest, user_id: int, contact: Contact) -> None:
    file = request.FILES.get("photo")
    if file is not None:
        contacts.set_photo(user_id=user_id, contact_id=contact.pk, data=file.read(2_000_000))
    elif request.POST.get("no_photo") == "yes":
        contacts.set_photo(user_id=user_id, contact_id=contact.pk, data=b"")


def _asked_address(request: HttpRequest) -> tuple[tuple[str, str], ...]:
    address = request.GET.get("address", "").strip()[:320]
    return (("", address),) if address else ()


def _decode(data: bytes) -> str:
    for encoding in ("utf-8-sig", "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"):
        try:
            return data.decode(encoding).replace("\0", "")
        except UnicodeDecodeError:
            continue
    return data.decode("windows-1252", "replace").replace("\0", "")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else 0

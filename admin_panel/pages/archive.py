"""/panel/archive: the journal, searched, opened and handed out."""

import tempfile
from datetime import UTC, datetime
from typing import Any, cast

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from mailcore.archive import levels, moments
from mailcore.archive.journal import exporting, finding, verifying
from mailcore.archive.journal.finding import Query
from mailcore.archive.models import Level
from mailcore.directory.access import Actor
from mailcore.kernel.errors import BadSyntax, LimitReached, MailError

from .gate import for_administrators, show

PAGE = 50
MAX_EXPORTED = 10_000
"""Messages one download holds; the command line has no such bound."""
FIELDS = ("domain", "who", "words", "since", "until")


@require_GET
@for_administrators
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The search's form, and what it finds once something was asked."""
    asked, fault, found = "domain" in request.GET, "", finding.Found()
    before = request.GET.get("before", "")
    start = int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None
    if asked:
        try:
            found = finding.search(actor, read_query(request.GET), before=start, limit=PAGE)
        except BadSyntax as error:
            fault = gettext(error.public)
    values = {
        "rows": [(row, datetime.fromtimestamp(row.at, UTC), finding.list_recipients(row)) for row in found.rows],
        "older": found.older,
        "asked": asked,
        "fault": fault,
        "typed": {name: request.GET.get(name, "") for name in FIELDS},
        "domains": list_journals(actor),
        "here": "archive",
    }
    return show(request, actor, "archive", values, status=422 if fault else 200)


@require_GET
@for_administrators
def record(request: HttpRequest, actor: Actor, record_id: int) -> HttpResponse:
    """A record with its envelope; with `raw` the message itself, as a file and never as a page."""
    row, raw = finding.open_record(actor, record_id=record_id)
    if "raw" in request.GET:
        response = HttpResponse(raw, content_type="message/rfc822")
        response["Content-Disposition"] = f'attachment; filename="{row.domain}-{row.seq}.eml"'
        return response
    values = {
        "row": row,
        "at": datetime.fromtimestamp(row.at, UTC),
        "recipients": finding.list_recipients(row),
        "digest": bytes(row.digest).hex(),
        "previous": bytes(row.previous).hex(),
        "sha256": bytes(row.blob_digest).hex(),
        "head": raw[: raw.find(b"\r\n\r\n") if b"\r\n\r\n" in raw else 4_000][:20_000].decode("utf-8", "replace"),
        "here": "archive",
    }
    return show(request, actor, "archive_record", values)


@require_POST
@for_administrators
def export(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = exporting.Form.MBOX if request.POST.get("form") == "mbox" else exporting.Form.ZIP
    file = tempfile.TemporaryFile()  # noqa: SIM115 -- FileResponse closes it
    try:
        exporting.export(actor, read_query(request.POST), file=file, form=form, limit=MAX_EXPORTED)
    except MailError as error:
        file.close()
        if not isinstance(error, BadSyntax | LimitReached):
            raise
        messages.error(request, gettext(error.public))
        return redirect("panel:archive")
    file.seek(0)
    response: Any = FileResponse(file, as_attachment=True, filename=f"journal-{form.value}.zip")
    return cast(HttpResponse, response)


@require_POST
@for_administrators
def verify(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Walk a domain's chain and say what was found. The bytes of each message are read by the command line alone."""
    names = {name for name, _, _ in list_journals(actor)}
    domain = request.POST.get("domain", "")
    if domain not in names:
        messages.error(request, gettext("Choose a domain that has a journal."))
        return redirect("panel:archive")
    found = verifying.verify(domain=domain)
    if found.faults:
        messages.error(request, "\n".join(map(str, found.faults[:5])))
    else:
        said = gettext("The journal of %(domain)s is whole: records %(first)d to %(last)d, head %(head)s.")
        messages.success(request, said % {"domain": domain, "first": found.first, "last": found.last, "head": found.head.hex()})
    return redirect(f"{reverse('panel:archive')}")


def read_query(typed: QueryDict) -> Query:
    return Query(
        domain=typed.get("domain", "").strip(),
        who=typed.get("who", "").strip()[:200],
        words=typed.get("words", "").strip()[:200],
        since=moments.read_optional(typed.get("since", "")),
        until=moments.read_optional(typed.get("until", "")),
    )


def list_journals(actor: Actor) -> list[tuple[str, bool, int]]:
    """(domain, whether it is written now, days kept) of the journals within reach."""
    written = {owner.partition(":")[2] for owner in Level.objects.filter(name="journal", value__gt=0).values_list("owner", flat=True)}
    names = written | set(verifying.list_domains())
    if actor.domain_ids is not None:
        names &= actor.domain_names or frozenset()
    return [(name, name in written, levels.find("journal_days", [f"domain:{name}", "system"]).value) for name in sorted(names)]

"""/panel/mailboxes/import and /export: people from and to a spreadsheet."""

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET, require_http_methods

from admin_panel import csvimport
from admin_panel.csvimport import Report
from admin_panel.forms import ImportForm
from mailcore.directory import access
from mailcore.directory.access import Actor

from .gate import for_administrators, show, try_form


@require_http_methods(["GET", "POST"])
@for_administrators
def load(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A dry run first; its page carries the text on to the real one."""
    form, report = ImportForm(request.POST or None, request.FILES or None), Report()
    is_dry = "do" not in request.POST

    def read() -> None:
        nonlocal report
        data = form.cleaned_data["file"].read() if form.cleaned_data["file"] else form.cleaned_data["text"].encode()
        form.text = csvimport.decode(data)
        report = csvimport.load(actor, data=data, is_dry=is_dry)

    done = request.method == "POST" and try_form(form, read)
    values = {"form": form, "report": report if done else None, "is_dry": is_dry, "text": form.text, "here": "mailboxes"}
    return show(request, actor, "import", values)


@require_GET
@for_administrators
def save(request: HttpRequest, actor: Actor) -> HttpResponse:
    answer = StreamingHttpResponse(csvimport.write(_rows(actor)), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="mailboxes.csv"'
    return answer  # type: ignore[return-value]


def _rows(actor: Actor) -> Iterator[tuple[str, ...]]:
    yield ("address", "name", "quota", "state")
    for mailbox in access.list_mailboxes(actor).order_by("id").iterator(chunk_size=2_000):
        quota = "" if mailbox.quota_bytes is None else str(mailbox.quota_bytes)
        yield (str(mailbox.address), mailbox.user.shown_name if mailbox.user else "", quota, mailbox.state)

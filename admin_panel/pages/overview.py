"""/panel/: how the mail moves, and what needs somebody."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from admin_panel import waiting
from mailcore.directory import access
from mailcore.directory.access import Actor
from mailcore.directory.models import Mailbox

from .gate import for_administrators, show


@dataclass(frozen=True, slots=True)
class Concern:
    text: str
    link: str
    verb: str


@require_GET
@for_administrators
def overview(request: HttpRequest, actor: Actor) -> HttpResponse:
    queue = waiting.count(actor)
    open_now = queue.get("queued", 0) + queue.get("leased", 0)
    mailboxes = access.list_mailboxes(actor)
    numbers = {
        "domains": access.list_domains(actor).count(),
        "mailboxes": mailboxes.count(),
        "aliases": access.list_aliases(actor).count(),
        "waiting": open_now,
        "held": queue["held"],
        "failed": queue.get("failed", 0),
    }
    suspended = mailboxes.filter(state=Mailbox.State.SUSPENDED).count()
    concerns = list_concerns(deferred=queue["deferred"], held=queue["held"], suspended=suspended)
    return show(request, actor, "overview", {"numbers": numbers, "concerns": concerns, "here": "overview"})


def list_concerns(*, deferred: int, held: int, suspended: int) -> list[Concern]:
    found = (
        (deferred, "{} wait for another try: the other side put them off.", "/panel/queue?state=deferred", "See the queue"),
        (held, "{} held and not tried until released.", "/panel/queue?state=held", "See what is held"),
        (suspended, "{} suspended and refusing mail.", "/panel/mailboxes?state=suspended", "See the mailboxes"),
    )
    nouns = ("recipient", "recipient", "mailbox")
    plurals = ("recipients", "recipients", "mailboxes")
    return [
        Concern(text.format(f"{count} {nouns[row] if count == 1 else plurals[row]}"), link, verb)
        for row, (count, text, link, verb) in enumerate(found)
        if count
    ]

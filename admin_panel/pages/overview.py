"""/panel/: how the mail moves, and what needs somebody."""

import time
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from admin_panel import flow, waiting
from admin_panel.finding import with_state
from mailcore.certificates import shelf
from mailcore.directory import access
from mailcore.directory.access import Actor
from mailcore.directory.models import Mailbox

from .gate import for_administrators, show

CERTIFICATE_DAYS = 14
PERIODS = (("day", gettext_lazy("24 hours")), ("week", gettext_lazy("7 days")), ("month", gettext_lazy("30 days")))


@dataclass(frozen=True, slots=True)
class Concern:
    text: str
    link: str
    verb: str


@require_GET
@for_administrators
def overview(request: HttpRequest, actor: Actor) -> HttpResponse:
    period = request.GET.get("period", "day")
    queue = waiting.count_waiting(actor)
    mailboxes = access.list_mailboxes(actor)
    numbers = {
        "domains": access.list_domains(actor).count(),
        "mailboxes": mailboxes.count(),
        "aliases": access.list_aliases(actor).count(),
        "waiting": queue["queued"] + queue["active"] + queue["deferred"],
    }
    suspended = with_state(mailboxes, Mailbox.State.SUSPENDED).count()
    values = {
        "numbers": numbers,
        "concerns": [*list_expiring(actor), *list_concerns(deferred=queue["deferred"], held=queue["held"], suspended=suspended)],
        "board": flow.look(actor, period=period if period in dict(PERIODS) else "day"),
        "period": period,
        "periods": PERIODS,
        "here": "overview",
    }
    return show(request, actor, "overview", values)


def list_expiring(actor: Actor) -> list[Concern]:
    """The certificate that ends first, where that is soon; for those who can do something about it."""
    shown = shelf.list_shown() if actor.is_root else []
    if not shown:
        return []
    days = int((shown[0].material.not_after - time.time()) // 86_400)
    if days >= CERTIFICATE_DAYS:
        return []
    name = next(iter(shown[0].material.names), shown[0].place)
    if days < 0:
        text = _("The certificate of %(name)s has expired: mail programs refuse it.") % {"name": name}
    else:
        text = ngettext("The certificate of %(name)s expires in %(n)d day.", "The certificate of %(name)s expires in %(n)d days.", days)
        text %= {"name": name, "n": days}
    return [Concern(text, "/panel/certificates", _("See the certificates"))]


def list_concerns(*, deferred: int, held: int, suspended: int) -> list[Concern]:
    found = (
        (deferred, "{} for another try: the other side put them off.", "/panel/queue?state=deferred", "See the queue"),
        (held, "{} and not tried until released.", "/panel/queue?state=held", "See what is held"),
        (suspended, "{} suspended and refusing mail.", "/panel/mailboxes?state=suspended", "See the mailboxes"),
    )
    nouns = (("recipient waits", "recipients wait"), ("recipient is held", "recipients are held"), ("mailbox is", "mailboxes are"))
    rows = zip(found, nouns, strict=True)
    return [Concern(text.format(f"{count} {noun[count != 1]}"), link, verb) for (count, text, link, verb), noun in rows if count]

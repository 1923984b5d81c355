"""/panel/domains/N/dns: what the DNS of a domain should say, and what it says; the DKIM keys."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from mailcore.audit import log
from mailcore.directory import access
from mailcore.directory.access import Actor
from mailcore.directory.models import Domain
from mailcore.kernel.errors import NotFound
from mailcore.trust import dnsrecords, keys
from mailcore.trust.naming import get_names

from .gate import for_administrators, show, try_act

TITLES = {
    "host": "The name of this server", "blocklist": "Blocklists",
    "mx": "Where mail goes", "spf": "Who may send (SPF)", "dkim": "Signing key (DKIM)", "dmarc": "What others do with forgeries (DMARC)",
    "mta-sts": "Encryption required (MTA-STS)", "tls-rpt": "Reports of TLS failures", "clients": "Mail programs find the server",
}  # fmt: skip


@require_GET
@for_administrators
def records(request: HttpRequest, actor: Actor, domain_id: int) -> HttpResponse:
    """The wanted records at once; the DNS is asked when somebody asks for it, since it may be slow."""
    domain = access.access_domain(actor, domain_id=domain_id)
    is_checked = "check" in request.GET
    rows = dnsrecords.check(domain.name, get_names()) if is_checked else dnsrecords.wanted(domain.name)
    order = {dnsrecords.DIFFERS: 0, dnsrecords.MISSING: 1, dnsrecords.UNKNOWN: 2, dnsrecords.OK: 3}
    lines = [(row, TITLES.get(row.purpose, row.purpose), dnsrecords.show(row)) for row in rows]
    lines.sort(key=lambda line: (order[line[0].state], not line[0].is_needed))
    values = {
        "domain": domain,
        "lines": lines,
        "zone": "\n".join(line for _, _, line in lines if line),
        "is_checked": is_checked,
        "wrong": sum(row.is_needed and row.state in (dnsrecords.MISSING, dnsrecords.DIFFERS) for row in rows),
        "keys": keys.list_keys(domain=domain.name),
        "here": "domains",
    }
    return show(request, actor, "dns", values)


@require_POST
@for_administrators
def act(request: HttpRequest, actor: Actor, domain_id: int, act: str) -> HttpResponse:
    domain = access.access_domain(actor, domain_id=domain_id)
    selector = request.POST.get("selector", "")
    if act == "rotate":
        try_act(
            request, lambda: rotate(domain), gettext("New keys are made. They sign once the DNS shows them; until then the old ones do.")
        )
    elif act == "activate":
        try_act(request, lambda: activate(domain, selector), gettext("%(name)s signs from now on.") % {"name": selector})
    else:
        raise NotFound("There is no such thing to do.")
    return redirect("panel:dns", domain_id)


def rotate(domain: Domain) -> None:
    made = keys.rotate(domain=domain.name)
    pending = [key.selector for key in made if key.state == "pending"]
    log.record("domain.dkim_rotated", object_id=domain.id, name=domain.name, domain=domain.name, after={"selectors": pending})


def activate(domain: Domain, selector: str) -> None:
    keys.activate(domain=domain.name, selector=selector)
    log.record("domain.dkim_activated", object_id=domain.id, name=domain.name, domain=domain.name, after={"selector": selector})

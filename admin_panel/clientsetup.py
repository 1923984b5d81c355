"""How mail programs set themselves up: Thunderbird's autoconfig, Outlook's autodiscover, Apple's profile.

Answers are the same for every address of a domain here, so nothing can be sounded out; for
other domains there is none.
"""

import re
import uuid
from xml.sax.saxutils import escape

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from mailcore.directory import domains
from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import BadSyntax
from mailcore.trust import publishing

_ASKED = re.compile(rb"<EMailAddress>\s*([^<\s]{3,330})\s*</EMailAddress>", re.IGNORECASE)
_OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"


@require_GET
def autoconfig(request: HttpRequest) -> HttpResponse:
    """Asked as `https://autoconfig.DOMAIN/mail/config-v1.1.xml?emailaddress=…`."""
    domain = _domain(request.GET.get("emailaddress", "")) or _known(request.get_host().partition(":")[0].removeprefix("autoconfig."))
    if not domain:
        return HttpResponseNotFound()
    ports = dict(publishing.list_services())
    servers = "".join(
        f'<{tag} type="{kind}"><hostname>{escape(_host())}</hostname><port>{ports[name]}</port><socketType>{socket}</socketType>'
        f"<username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication></{tag}>"
        for tag, kind, name, socket in (
            ("incomingServer", "imap", "imaps", "SSL"),
            ("incomingServer", "imap", "imap", "STARTTLS"),
            ("incomingServer", "pop3", "pop3s", "SSL"),
            ("outgoingServer", "smtp", "submissions", "SSL"),
            ("outgoingServer", "smtp", "submission", "STARTTLS"),
        )
    )
    text = (
        f'<clientConfig version="1.1"><emailProvider id="{escape(domain)}"><domain>{escape(domain)}</domain>'
        f"<displayName>{escape(domain)}</displayName><displayShortName>{escape(domain)}</displayShortName>{servers}"
        "</emailProvider></clientConfig>"
    )
    return _xml(text)


@csrf_exempt
@require_POST
def autodiscover(request: HttpRequest) -> HttpResponse:
    """The body is XML from anybody: only one element of it is looked for, and it is not parsed."""
    found = _ASKED.search(request.body[:8_192])
    address = found[1].decode("utf-8", "replace") if found else ""
    if not _domain(address):
        return HttpResponseNotFound()
    ports = dict(publishing.list_services())
    protocols = "".join(
        f"<Protocol><Type>{kind}</Type><Server>{escape(_host())}</Server><Port>{ports[name]}</Port><SSL>on</SSL>"
        f"<LoginName>{escape(address)}</LoginName><AuthRequired>on</AuthRequired></Protocol>"
        for kind, name in (("IMAP", "imaps"), ("POP3", "pop3s"), ("SMTP", "submissions"))
    )
    outer = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
    account = f"<Account><AccountType>email</AccountType><Action>settings</Action>{protocols}</Account>"
    return _xml(f'<Autodiscover xmlns="{outer}"><Response xmlns="{_OUTLOOK}">{account}</Response></Autodiscover>')


@require_GET
def mobileconfig(request: HttpRequest) -> HttpResponse:
    """An Apple profile for `?email=`; it holds no password."""
    address = request.GET.get("email", "")
    domain = _domain(address)
    if not domain:
        return HttpResponseNotFound()
    ports = dict(publishing.list_services())
    strings = {
        "EmailAccountType": "EmailTypeIMAP", "EmailAddress": address, "IncomingMailServerAuthentication": "EmailAuthPassword",
        "IncomingMailServerHostName": _host(), "IncomingMailServerUsername": address, "OutgoingMailServerHostName": _host(),
        "OutgoingMailServerAuthentication": "EmailAuthPassword", "OutgoingMailServerUsername": address,
        "PayloadType": "com.apple.mail.managed",
    }  # fmt: skip
    numbers = {"IncomingMailServerPortNumber": ports["imaps"], "OutgoingMailServerPortNumber": ports["submissions"], "PayloadVersion": 1}
    switches = ("IncomingMailServerUseSSL", "OutgoingMailServerUseSSL", "OutgoingPasswordSameAsIncomingPassword")
    mail = _names(domain, "mail", address) + _pairs("string", strings) + _pairs("integer", numbers)
    mail += "".join(f"<key>{key}</key><true/>" for key in switches)
    head = (
        _names(domain, "profile", address) + _pairs("string", {"PayloadType": "Configuration"}) + _pairs("integer", {"PayloadVersion": 1})
    )
    answer = _xml(f'<plist version="1.0"><dict><key>PayloadContent</key><array><dict>{mail}</dict></array>{head}</dict></plist>')
    answer.headers["Content-Type"] = "application/x-apple-aspen-config; charset=utf-8"
    answer.headers["Content-Disposition"] = 'attachment; filename="mail.mobileconfig"'
    return answer


def _names(domain: str, kind: str, address: str) -> str:
    """The same for the same address, so that a second profile replaces the first."""
    identifier = f"{'.'.join(reversed(domain.split('.')))}.facteur.{kind}"
    number = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{identifier}.{address}"))
    return _pairs("string", {"PayloadIdentifier": identifier, "PayloadUUID": number, "PayloadDisplayName": f"Mail of {domain}"})


def _pairs(kind: str, values: dict[str, str] | dict[str, int]) -> str:
    return "".join(f"<key>{key}</key><{kind}>{escape(str(value))}</{kind}>" for key, value in values.items())


def _xml(text: str) -> HttpResponse:
    return HttpResponse(f'<?xml version="1.0" encoding="UTF-8"?>{text}\n', content_type="application/xml; charset=utf-8")


def _host() -> str:
    return str(settings.FACTEUR.hostname).lower()


def _domain(address: str) -> str:
    """The domain of an address, where it is one of ours; "" else."""
    try:
        return _known(MailAddress.parse(address).domain)
    except BadSyntax:
        return ""


def _known(name: str) -> str:
    return name if domains.is_local(name=name.lower()) else ""

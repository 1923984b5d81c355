"""/settings/accounts: mail collected from other servers."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mailcore.directory.faults import BadField
from mailcore.kernel.errors import MailError, NotFound
from mailcore.retrieval import accounts
from mailcore.retrieval.accounts import Wanted
from mailcore.retrieval.faults import SourceFault
from mailcore.retrieval.models import Account

from .. import collected
from ..desk import Desk, Toast, leave_toast, with_desk
from .settings import settings_frame


def _get(desk: Desk, account_id: int) -> Account:
    return accounts.get(account_id=account_id, mailbox_id=desk.mailbox_id)


@require_GET
@with_desk
def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    rows = collected.list_rows(mailbox_id=desk.mailbox_id)
    return render(request, "webmail/settings/accounts.html", settings_frame(request, desk, "accounts") | {"rows": rows})


@require_http_methods(["GET", "POST"])
@with_desk
def edit(request: HttpRequest, desk: Desk, account_id: int = 0) -> HttpResponse:
    account = _get(desk, account_id) if account_id else None
    if request.method == "GET":
        return _form(request, desk, account, collected.start() if account is None else accounts.wanted_of(account), {})
    wanted, seen, faults = collected.read(request.POST, account=account), None, {}
    try:
        if request.POST.get("do") == "try":
            seen = accounts.try_out(wanted=wanted, account=account)
        elif account is None:
            accounts.create(mailbox_id=desk.mailbox_id, wanted=wanted)
        else:
            accounts.change(account=account, wanted=wanted)
    except BadField as error:
        faults = {error.field: _(error.public)}
    except SourceFault as error:
        faults = {"form": collected.say(error.kind), "detail": error.public}
    except MailError as error:
        faults = {"form": _(error.public)}
    if faults or seen is not None:
        return _form(request, desk, account, wanted, faults, seen, status=422 if faults else 200)
    leave_toast(request, Toast(_("Account kept")))
    return redirect("accounts")


@require_POST
@with_desk
def act(request: HttpRequest, desk: Desk, account_id: int, verb: str) -> HttpResponse:
    account = _get(desk, account_id)
    match verb:
        case "pause":
            accounts.pause(account=account)
            text = _("Paused")
        case "resume":
            accounts.resume(account=account)
            text = _("It is collected again")
        case "now":
            accounts.run_soon(account=account)
            text = _("It is collected in a moment")
        case "remove":
            accounts.remove(account=account)
            text = _("Account removed")
        case _other:
            raise NotFound("There is no such action.")
    leave_toast(request, Toast(text))
    return redirect("accounts")


def _form(
    request: HttpRequest, desk: Desk, account: Account | None, wanted: Wanted, faults: dict[str, str], seen: Any = None, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "account": account,
        "row": None if account is None else collected.describe(account, refused=0),
        "fields": wanted,
        "faults": faults,
        "seen": seen,
        "found": "" if seen is None else _describe(seen),
        "protocols": collected.PROTOCOLS,
        "securities": collected.list_securities(),
        "keeps": collected.KEEPS,
        "intervals": collected.list_intervals(wanted.interval),
        "folders": [one.name for one in desk.mail.list_folders()],
        "refused": [] if account is None else accounts.list_refused(account=account),
    }
    return render(request, "webmail/settings/account.html", settings_frame(request, desk, "accounts") | context, status=status)


def _describe(seen: accounts.Seen) -> str:
    return ngettext(
        "The login works. %(count)d message is there.", "The login works. %(count)d messages are there.", seen.messages
    ) % {"count": seen.messages}  # fmt: skip

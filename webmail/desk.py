"""What every page of the webmail stands on: who reads, their mail, and what the frame around it shows."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from mailcore.kernel.errors import BadSyntax, Conflict, Denied, MailError, NotFound
from mailcore.prepared import Prepared

from .access.opening import Owner, open_mail, owner_of
from .access.port import Folder, MailAccess
from .labels import ShownLabel, list_labels
from .models import SavedSearch
from .person import preferences_of
from .preferences import Preferences

log = logging.getLogger(__name__)
P = ParamSpec("P")
_SEARCHES = Prepared(lambda mailbox_id: SavedSearch.objects.filter(mailbox_id=mailbox_id).order_by("name"), -7919)
_STATUS: tuple[tuple[type[MailError], int, str | Promise], ...] = (
    (NotFound, 404, gettext_lazy("It is not here")),
    (Denied, 403, gettext_lazy("Not allowed")),
    (BadSyntax, 400, gettext_lazy("That cannot be understood")),
    (Conflict, 409, gettext_lazy("It changed meanwhile")),
    (MailError, 503, gettext_lazy("It did not work")),
)


@dataclass(frozen=True, slots=True)
class Desk:
    owner: Owner
    mail: MailAccess
    chosen: Preferences = field(default_factory=Preferences)
    """How this person wants it."""

    @property
    def mailbox_id(self) -> int:
        if self.owner.principal.mailbox_id is None:
            raise Denied("This login has no mailbox.")
        return self.owner.principal.mailbox_id


Step = tuple[str, str, str]
"""A folder, a set of uids in it ("3:7,9"), and the verb that leads back."""


@dataclass(frozen=True, slots=True)
class Toast:
    """A short word about what was done, and the way back."""

    text: str
    steps: tuple[Step, ...] = ()
    """The way back; () where there is none."""
    job_id: int = 0
    """A job that goes on, or whose steps are the way back."""
    is_running: bool = False

    @property
    def packed(self) -> str:
        """The steps as a form carries them."""
        return json.dumps(self.steps)


def with_desk(
    view: Callable[Concatenate[HttpRequest, Desk, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Lets in whoever has a mailbox, and answers the core's errors as pages."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return _to_login(request)
        try:
            owner = owner_of(request)
        except Denied:
            return redirect("/panel/")
        try:
            return view(request, Desk(owner, open_mail(owner), preferences_of(request)), *args, **kwargs)
        except MailError as error:
            return fault(request, error)

    return cast(Callable[Concatenate[HttpRequest, P], HttpResponse], wrapped)


class AnswerFirst(HttpResponse):
    """An answer with something left to do that nobody waits for. What fails then is in the log, and the person sees it was not done."""

    def __init__(self, content: str, *, then: Callable[[], None], headers: Mapping[str, str]) -> None:
        super().__init__(content, headers=dict(headers))
        self._then = then

    def close(self) -> None:
        """Called by the server, once, when the answer is on its way."""
        try:
            self._then()
        except Exception:
            log.exception("what was to follow an answer failed")
        finally:
            super().close()


def is_fragment(request: HttpRequest) -> bool:
    """True where htmx asks for a piece of a page; a restored history entry is a whole one."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-History-Restore-Request") != "true"


def fault(request: HttpRequest, error: MailError) -> HttpResponse:
    status, title = next((status, title) for kind, status, title in _STATUS if isinstance(error, kind))
    template = "webmail/_fault.html" if is_fragment(request) else "webmail/fault.html"
    return render(request, template, {"title": title, "text": gettext(error.public)}, status=status)


def frame(
    request: HttpRequest, desk: Desk, *, at: str = "", folders: list[Folder] | None = None, labels: list[ShownLabel] | None = None
) -> dict[str, Any]:
    """Context of the frame. `at` is the folder the person is in."""
    used, allowed = desk.mail.room()
    return {
        "owner": desk.owner,
        "folders": desk.mail.list_folders() if folders is None else folders,
        "at": at,
        "labels": list_labels(desk.mailbox_id) if labels is None else labels,
        "searches": _SEARCHES.list(desk.mailbox_id),
        "room_used": used,
        "room_allowed": allowed,
        "room_low": allowed * 8 // 10,
        "room_high": allowed * 95 // 100,
        "toast": take_toast(request),
    }


def leave_toast(request: HttpRequest, toast: Toast) -> None:
    """For the next page of this session."""
    request.session["toast"] = [str(toast.text), [list(step) for step in toast.steps], toast.job_id, toast.is_running]


def take_toast(request: HttpRequest) -> Toast | None:
    kept = request.session.pop("toast", None) if "toast" in request.session else None
    return None if kept is None else Toast(kept[0], tuple((step[0], step[1], step[2]) for step in kept[1]), kept[2], kept[3])


def _to_login(request: HttpRequest) -> HttpResponse:
    if is_fragment(request):
        return HttpResponse(status=401, headers={"HX-Redirect": "/login"})
    return redirect_to_login(request.get_full_path(), "/login")

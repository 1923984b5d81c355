"""/panel/routes: how mail leaves for elsewhere. For administrators of the whole server."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from admin_panel.routeforms import KINDS, RelayForm, RouteLine, Sample, SuppressForm, TransportForm
from mailcore.directory import access
from mailcore.directory.access import Actor
from mailcore.kernel.errors import NotFound
from mailcore.transports import relays, routes, transports
from mailcore.transports.routes import Draft, Shown, Trial

from .gate import for_administrators, show, try_act, try_form

_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Line:
    route: Shown
    transport: transports.Shown
    kind: str
    """What its transport does, to be translated."""

    @property
    def size(self) -> str:
        least, most = self.route.min_size // _MB, self.route.max_size // _MB
        if not self.route.min_size and not self.route.max_size:
            return ""
        if not self.route.max_size:
            return _("from %(least)s MB") % {"least": least}
        return (_("%(least)s to %(most)s MB") if least else _("up to %(most)s MB")) % {"least": least, "most": most}


@require_http_methods(["GET", "POST"])
@for_administrators
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    access.require_root(actor)
    asked = request.POST.get("do", "")
    places = transports.list_all()
    data = request.POST if request.method == "POST" else None
    names = [one.name for one in places]
    # What was typed stays where it was typed; the other forms are empty.
    forms: dict[str, Form] = {
        "route": RouteLine(data if asked in ("route", "try") else None, transports=names),
        "sample": Sample(data if asked == "try" else None),
        "transport": TransportForm(data if asked == "transport" else None),
        "relay": RelayForm(data if asked == "relay" else None),
        "suppress": SuppressForm(data if asked == "suppress" else None),
    }
    trial = _try(forms["route"], forms["sample"]) if asked == "try" else None
    if asked in _DOING and try_form(forms[asked], lambda: _DOING[asked](forms[asked].cleaned_data)):
        return redirect("panel:routes")
    words = {one.name: one for one in places}
    values = {
        "lines": [Line(one, words[one.transport], KINDS[one.kind]) for one in routes.list_all()],
        "transports": [(one, KINDS[one.kind]) for one in places],
        "relayed": relays.list_relayed(),
        "suppressed": relays.list_suppressed(),
        "trial": trial,
        "here": "routes",
        **{f"{name}_form": form for name, form in forms.items()},
    }
    return show(request, actor, "routes", values)


@require_POST
@for_administrators
def act(request: HttpRequest, actor: Actor, what: str) -> HttpResponse:
    """A button beside a line."""
    access.require_root(actor)
    if what not in _BUTTONS:
        raise NotFound("There is no such button.")
    do, done = _BUTTONS[what]
    try_act(request, lambda: do(request.POST.get("line", "")), _(done))
    return redirect("panel:routes")


def _try(form: Form, sample: Form) -> Trial | None:
    found: Trial | None = None

    def attempt() -> None:
        nonlocal found
        asked = sample.cleaned_data
        found = routes.attempt(
            Draft(**form.cleaned_data), sender=asked["from_address"], recipient=asked["to_address"], size=(asked["size"] or 0) * _MB
        )

    if sample.is_valid():
        try_form(form, attempt)
    return found


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        raise NotFound("There is no such route.")
    return int(text)


def _move(text: str, by: int) -> None:
    wanted = _number(text)
    route = next((one for one in routes.list_all() if one.id == wanted), None)
    if route is None:
        raise NotFound("There is no such route.")
    routes.move(route_id=route.id, to=route.position + by)


_DOING: dict[str, Callable[[dict[str, Any]], object]] = {
    "route": lambda values: routes.add(Draft(**values)),
    "transport": lambda values: transports.put(**values),
    "relay": lambda values: relays.relay(**values),
    "suppress": lambda values: relays.suppress(**values),
}
_BUTTONS: dict[str, tuple[Callable[[str], object], str]] = {
    "up": (lambda line: _move(line, -1), "The route is asked earlier."),
    "down": (lambda line: _move(line, 1), "The route is asked later."),
    "remove": (lambda line: routes.remove(route_id=_number(line)), "The route is removed."),
    "remove-transport": (lambda line: transports.remove(name=line), "The transport is removed."),
    "unrelay": (lambda line: relays.unrelay(domain=line), "Its mail is no longer taken from anybody."),
    "unsuppress": (lambda line: relays.unsuppress(address=line), "The address is written to again."),
}

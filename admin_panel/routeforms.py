"""Forms of the pages Routes and Certificates. They check shape; the core checks meaning."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

_MB = 1_000_000
KINDS = {
    "direct": gettext_noop("To the domain's own hosts"),
    "smarthost": gettext_noop("To a host that sends it on"),
    "lmtp": gettext_noop("To a store, by LMTP"),
    "hold": gettext_noop("Held in the queue"),
    "refuse": gettext_noop("Returned to its sender"),
}
TLS = {
    "may": gettext_noop("TLS where it is offered"),
    "encrypt": gettext_noop("TLS, with any certificate"),
    "verify": gettext_noop("TLS, with a certificate that is vouched for"),
    "implicit": gettext_noop("TLS from the first octet (port 465)"),
}


def _line(label: Any, *, hint: Any = "", required: bool = False, most: int = 320, **attributes: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"class": "input", "spellcheck": "false", "autocapitalize": "off"} | attributes)
    return forms.CharField(label=label, help_text=hint, required=required, max_length=most, widget=widget)


def _number(label: Any, *, hint: Any = "", most: int) -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"class": "input", "min": "0"})
    return forms.IntegerField(label=label, help_text=hint, required=False, min_value=0, max_value=most, widget=widget)


def _choice(label: Any, choices: list[tuple[str, Any]]) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, widget=forms.Select(attrs={"class": "select"}))


class RouteLine(forms.Form):
    """A route, and a message to try it on."""

    sender = _line(_("From"), hint=_("Empty: everybody."))
    recipient = _line(_("To"), hint=_("Empty: everywhere else."))
    transport = _choice(_("Goes by"), [])
    position = _number(_("Place in the order"), hint=_("Empty: last."), most=100_000)
    min_size = _number(_("From this size on, in MB"), most=10_000)
    max_size = _number(_("Up to this size, in MB"), most=10_000)
    note = _line(_("Note"), most=200)

    def __init__(self, *args: Any, transports: list[str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["transport"] = _choice(_("Goes by"), [(name, name) for name in transports])

    def clean(self) -> dict[str, Any]:
        found = dict(super().clean() or {})
        for name in ("min_size", "max_size"):
            found[name] = (found.get(name) or 0) * _MB
        found["position"] = found.get("position") or 0
        return found


class Sample(forms.Form):
    """The message a route is tried on."""

    from_address = _line(_("A message from"), hint=_("Empty: nobody, as reports have it."))
    to_address = _line(_("To"), required=True)
    size = _number(_("Size, in MB"), most=10_000)


class TransportForm(forms.Form):
    name = _line(_("Name"), required=True, most=60, pattern="[a-z0-9][a-z0-9._\\-]*")
    kind = _choice(_("Does"), list(KINDS.items()))
    host = _line(_("Host"), hint=_("Of a smarthost or a store."), most=255)
    port = _number(_("Port"), hint=_("Empty: 587, of a store 24."), most=65_535)
    tls = _choice(_("Encryption"), list(TLS.items()))
    login = _line(_("Login"), hint=_("Empty: none."))
    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        max_length=1_024,
        help_text=_("Empty: the one that is kept for this login at this host."),
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": "new-password"}),
    )
    text = _line(_("Why"), hint=_("Of what is held or returned: its sender reads it."), most=200)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, words in (("kind", KINDS), ("tls", TLS)):
            self.fields[name] = _choice(self.fields[name].label, [(value, _(text)) for value, text in words.items()])

    def clean(self) -> dict[str, Any]:
        found = dict(super().clean() or {})
        found["port"] = found.get("port") or 0
        found["password"] = found.get("password") or None
        return found


class RelayForm(forms.Form):
    domain = _line(_("Domain"), hint=_(".example.org is every domain below it."), required=True, most=255)
    note = _line(_("Note"), most=200)


class SuppressForm(forms.Form):
    address = _line(_("Address"), required=True)
    reason = _line(_("Why"), hint=_("Whoever writes to it reads this."), required=True, most=200)


class OrderForm(forms.Form):
    names = forms.CharField(
        label=_("Host names"),
        max_length=20_000,
        help_text=_("One a line. Port 80 of each must lead here."),
        widget=forms.Textarea(attrs={"class": "textarea mono", "rows": "3", "spellcheck": "false", "autocapitalize": "off"}),
    )
    agrees = forms.BooleanField(
        label=_("I agree to the terms of the server that issues them"), required=False, widget=forms.CheckboxInput(attrs={"class": "check"})
    )


class GiveForm(forms.Form):
    chain = forms.FileField(
        label=_("Certificate"), help_text=_("PEM, the server's own first."), widget=forms.FileInput(attrs={"class": "input"})
    )
    key = forms.FileField(label=_("Key"), help_text=_("PEM, without a password."), widget=forms.FileInput(attrs={"class": "input"}))

    def clean(self) -> dict[str, Any]:
        found = dict(super().clean() or {})
        for name in ("chain", "key"):
            if name in found and found[name].size > _MB:
                self.add_error(name, _("This file is too large for a certificate."))
        return found


__all__ = ["KINDS", "TLS", "GiveForm", "OrderForm", "RelayForm", "RouteLine", "Sample", "SuppressForm", "TransportForm"]

"""Forms of the panel. They check shape; the core checks meaning and its words come back beside the field."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mailcore.directory import keys
from mailcore.webhooks import endpoints

_GB = 1_000_000_000


class Gigabytes(forms.DecimalField):
    """A size people write in GB; cleaned to bytes, None where it is left empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, min_value=0, max_value=1_000_000, decimal_places=3, **options)
        self.widget.attrs |= {"class": "input", "inputmode": "decimal", "step": "0.001"}

    def clean(self, value: Any) -> int | None:
        found = super().clean(value)
        return None if found is None else int(found * _GB)

    def prepare_value(self, value: Any) -> Any:
        return f"{value / _GB:g}" if isinstance(value, int) else value


def _text(label: str | Promise, *, hint: str | Promise = "", required: bool = True, most: int = 330, **attributes: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"class": "input", "spellcheck": "false", "autocapitalize": "off"} | attributes)
    return forms.CharField(label=label, help_text=hint, required=required, max_length=most, widget=widget)


def _password(label: str | Promise, *, required: bool) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"class": "input", "autocomplete": "new-password"})
    return forms.CharField(
        label=label, required=required, strip=False, max_length=1_024, widget=widget, help_text=_("8 characters or more.")
    )


class NewDomain(forms.Form):
    name = _text(_("Name"), hint=_("Such as example.org."), most=255)
    alias_of = _text(
        _("Alias of"), hint=_("A domain of this server; every address then leads to the same name there."), required=False, most=255
    )
    default_quota_bytes = Gigabytes(label=_("Space of each mailbox, in GB"), help_text=_("Empty or 0 is no limit."))
    max_mailboxes = forms.IntegerField(
        label=_("Most mailboxes"),
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        help_text=_("Empty or 0 is no limit."),
        widget=forms.NumberInput(attrs={"class": "input"}),
    )


class CatchAll(forms.Form):
    catch_all = _text(_("Catch-all"), hint=_("Takes what no other address takes. Empty for none."), required=False, most=320)


class DomainLimits(CatchAll):
    default_quota_bytes = Gigabytes(label=_("Space of each mailbox, in GB"), help_text=_("0 is no limit."))
    max_mailboxes = forms.IntegerField(
        label=_("Most mailboxes"),
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        help_text=_("0 is no limit."),
        widget=forms.NumberInput(attrs={"class": "input"}),
    )
    second_step = forms.ChoiceField(
        label=_("Second factor at sign-in"),
        required=False,
        choices=(
            ("server", _("As the server has it")),
            ("required", _("Required")),
            ("optional", _("Everybody's own choice")),
        ),
        help_text=_("Required: who has none sets one up after the password, before anything else. Mail programs need app passwords then."),
        widget=forms.Select(attrs={"class": "input"}),
    )


class NewMailbox(forms.Form):
    address = _text(_("Address"), hint=_("Such as ann@example.org."))
    shown_name = _text(_("Name"), required=False, most=200)
    password = _password(_("Password"), required=True)
    quota_bytes = Gigabytes(label=_("Space in GB"), help_text=_("Empty takes the domain's; 0 is no limit."))


class MailboxForm(forms.Form):
    shown_name = _text(_("Name"), required=False, most=200)
    quota_bytes = Gigabytes(label=_("Space in GB"), help_text=_("Empty takes the domain's; 0 is no limit."))


class NewPassword(forms.Form):
    password = _password(_("New password"), required=True)


class OwnPassword(NewPassword):
    old = forms.CharField(
        label=_("Present password"),
        strip=False,
        max_length=1_024,
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": "current-password"}),
    )
    field_order = ("old", "password")


class Words(forms.CharField):
    """Words parted by spaces, commas or line ends."""

    def __init__(self, **options: Any) -> None:
        rows = options.pop("rows", "3")
        widget = forms.Textarea(attrs={"class": "textarea mono", "rows": rows, "spellcheck": "false", "autocapitalize": "off"})
        super().__init__(widget=widget, max_length=20_000, **options)

    def clean(self, value: Any) -> tuple[str, ...]:
        return tuple(super().clean(value).replace(",", " ").split())


class Role(forms.Form):
    domains = Words(label=_("Looks after"), required=False, help_text=_("Domains of this server, one a line. Empty for none."))


class AliasForm(forms.Form):
    targets = Words(label=_("Leads to"), help_text=_("One address a line, here or elsewhere."), rows="5")


class NewAlias(AliasForm):
    address = _text(_("Address"), hint=_("Such as team@example.org."))
    field_order = ("address", "targets")


class Typed(forms.Form):
    """The name of what is removed for good, typed."""

    name = _text(_("Type its name to remove it for good"), most=330)


class Later(forms.Form):
    days = forms.IntegerField(
        label=_("Days until it is gone"),
        min_value=1,
        max_value=365,
        widget=forms.NumberInput(attrs={"class": "input", "min": "1", "max": "365"}),
    )


class Standing(forms.Form):
    state = forms.ChoiceField(choices=[(state, state) for state in ("active", "receive_only", "suspended")], required=False)


class RenameForm(forms.Form):
    address = _text(_("New address"), hint=_("It is also the name to sign in by."), most=330)
    keep_old = forms.BooleanField(
        label=_("Mail for the old address still comes here"), required=False, widget=forms.CheckboxInput(attrs={"class": "check"})
    )


class AppPasswordId(forms.Form):
    app_password = forms.IntegerField(min_value=1)


class SessionId(forms.Form):
    session = forms.IntegerField(min_value=1)


class NewAdministrator(forms.Form):
    login = _text(_("Name to sign in by"), most=320)
    password = _password(_("Password"), required=True)


class ImportForm(forms.Form):
    """A file, or its text (which the dry run hands on to the real one)."""

    file = forms.FileField(
        label=_("CSV file"), required=False, widget=forms.FileInput(attrs={"class": "input", "accept": ".csv,.tsv,.txt,text/csv"})
    )
    text_field = "text"
    text = ""

    def clean(self) -> dict[str, Any]:
        found = dict(super().clean() or {})
        found["text"] = self.data.get(self.text_field, "")
        if not found.get("file") and not found["text"].strip():
            raise forms.ValidationError(_("Choose a file."))
        return found


class RouteForm(forms.Form):
    sender = _text(_("From"), hint=_("Empty for the sender of reports."), required=False, most=330)
    recipient = _text(_("To"), most=330)


class FindMessage(forms.Form):
    sender = _text(_("From"), required=False, most=330)
    recipient = _text(_("To"), required=False, most=330)
    subject = _text(_("Words of the subject"), required=False, most=200)
    since = forms.DateField(label=_("Since"), required=False, widget=forms.DateInput(attrs={"class": "input", "type": "date"}))
    until = forms.DateField(label=_("Up to"), required=False, widget=forms.DateInput(attrs={"class": "input", "type": "date"}))

    def is_filled(self) -> bool:
        return any(self.data.get(name, "").strip() for name in ("sender", "recipient", "subject"))

    def clean(self) -> dict[str, Any]:
        found = dict(super().clean() or {})
        since, until = found.get("since"), found.get("until")
        zone = timezone.get_current_timezone()
        found["since"] = int(datetime.combine(since, time(), zone).timestamp()) if since else 0
        found["until"] = int(datetime.combine(until + timedelta(days=1), time(), zone).timestamp()) if until else 0
        return found


class NewWebhook(forms.Form):
    url = _text(_("Address"), hint=_("https:// of a program that answers with 200."), most=500)
    kinds = forms.MultipleChoiceField(
        label=_("Is told of"),
        choices=[(kind, kind.replace("_", " ")) for kind in endpoints.KINDS],
        widget=forms.CheckboxSelectMultiple(attrs={"class": "check"}),
    )


class NewKey(forms.Form):
    name = _text(_("Name"), hint=_("The program it is for."), most=100)
    scopes = forms.MultipleChoiceField(
        label=_("May"), choices=[(scope, scope) for scope in keys.SCOPES], widget=forms.CheckboxSelectMultiple(attrs={"class": "check"})
    )
    days = forms.IntegerField(
        label=_("Ends after days"),
        required=False,
        min_value=1,
        max_value=3_650,
        help_text=_("Empty for never."),
        widget=forms.NumberInput(attrs={"class": "input"}),
    )
    domains = Words(label=_("Only for these domains"), required=False, rows="2", help_text=_("Empty for all that you reach."))
    networks = Words(
        label=_("Only from these networks"), required=False, rows="2", help_text=_("Such as 192.0.2.0/24. Empty for anywhere.")
    )

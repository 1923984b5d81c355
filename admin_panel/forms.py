"""Forms of the panel. They check shape; the core checks meaning and its words come back beside the field."""

from typing import Any

from django import forms

from mailcore.directory import keys
from mailcore.directory.models import Domain

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
        return value / _GB if isinstance(value, int) else value


def _text(label: str, *, hint: str = "", required: bool = True, most: int = 330, **attributes: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"class": "input", "spellcheck": "false", "autocapitalize": "off"} | attributes)
    return forms.CharField(label=label, help_text=hint, required=required, max_length=most, widget=widget)


def _password(label: str, *, required: bool) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"class": "input", "autocomplete": "new-password"})
    return forms.CharField(label=label, required=required, strip=False, max_length=1_024, widget=widget, help_text="8 characters or more.")


class NewDomain(forms.Form):
    name = _text("Name", hint="Such as example.org.", most=255)
    alias_of = _text("Alias of", hint="A domain of this server; every address then leads to the same name there.", required=False, most=255)
    default_quota_bytes = Gigabytes(label="Space of each mailbox, in GB", help_text="Empty or 0 is no limit.")
    max_mailboxes = forms.IntegerField(
        label="Most mailboxes",
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        help_text="Empty or 0 is no limit.",
        widget=forms.NumberInput(attrs={"class": "input"}),
    )


class CatchAll(forms.Form):
    catch_all = _text("Catch-all", hint="Takes what no other address takes. Empty for none.", required=False, most=320)


class DomainLimits(CatchAll):
    default_quota_bytes = Gigabytes(label="Space of each mailbox, in GB", help_text="0 is no limit.")
    max_mailboxes = forms.IntegerField(
        label="Most mailboxes",
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        help_text="0 is no limit.",
        widget=forms.NumberInput(attrs={"class": "input"}),
    )


class NewMailbox(forms.Form):
    address = _text("Address", hint="Such as ann@example.org.")
    shown_name = _text("Name", required=False, most=200)
    password = _password("Password", required=True)
    quota_bytes = Gigabytes(label="Space in GB", help_text="Empty takes the domain's; 0 is no limit.")


class MailboxForm(forms.Form):
    shown_name = _text("Name", required=False, most=200)
    quota_bytes = Gigabytes(label="Space in GB", help_text="Empty takes the domain's; 0 is no limit.")


class NewPassword(forms.Form):
    password = _password("New password", required=True)


class OwnPassword(NewPassword):
    old = forms.CharField(
        label="Present password",
        strip=False,
        max_length=1_024,
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": "current-password"}),
    )
    field_order = ("old", "password")


class DomainsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.shown_name)


class Role(forms.Form):
    domains = DomainsField(
        label="Looks after", queryset=Domain.objects.all(), required=False, widget=forms.CheckboxSelectMultiple(attrs={"class": "check"})
    )


class Targets(forms.CharField):
    """Addresses, one a line."""

    def clean(self, value: Any) -> tuple[str, ...]:
        return tuple(super().clean(value).replace(",", " ").split())


class AliasForm(forms.Form):
    targets = Targets(
        label="Leads to",
        help_text="One address a line, here or elsewhere.",
        widget=forms.Textarea(attrs={"class": "textarea mono", "rows": "5"}),
    )


class NewAlias(AliasForm):
    address = _text("Address", hint="Such as team@example.org.")
    field_order = ("address", "targets")


class Sure(forms.Form):
    """The tick without which nothing is removed for good."""

    sure = forms.BooleanField()


class NewKey(forms.Form):
    name = _text("Name", hint="The program it is for.", most=100)
    scopes = forms.MultipleChoiceField(
        label="May", choices=[(scope, scope) for scope in keys.SCOPES], widget=forms.CheckboxSelectMultiple(attrs={"class": "check"})
    )
    days = forms.IntegerField(
        label="Ends after days",
        required=False,
        min_value=1,
        max_value=3_650,
        help_text="Empty for never.",
        widget=forms.NumberInput(attrs={"class": "input"}),
    )

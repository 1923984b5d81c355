"""Forms of the policies page. The core checks what the values mean."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from admin_panel.policies import Limit
from mailcore.filtering.policy.lists import ACTS

LABELS = {
    "spam_junk": _("Score from which mail goes to Spam"),
    "spam_refuse": _("Score from which mail is refused"),
    "login_messages_hour": _("Messages a login may send in an hour"),
    "login_messages_day": _("Messages a login may send in a day"),
    "login_recipients_hour": _("Recipients of a login in an hour"),
    "login_recipients_day": _("Recipients of a login in a day"),
    "login_new_recipients_day": _("New recipients of a login in a day, before its mail is held"),
    "peer_messages_hour": _("Messages from one address in an hour"),
    "peer_messages_day": _("Messages from one address in a day"),
    "peer_recipients_hour": _("Recipients from one address in an hour"),
    "peer_recipients_day": _("Recipients from one address in a day"),
    "net_messages_hour": _("Messages from one network in an hour"),
    "net_messages_day": _("Messages from one network in a day"),
    "net_recipients_hour": _("Recipients from one network in an hour"),
    "net_recipients_day": _("Recipients from one network in a day"),
}
ACT_LABELS = {
    "accept": _("Accept"),
    "refuse": _("Refuse"),
    "quarantine": _("Put into Spam"),
    "discard": _("Throw away"),
    "hold": _("Hold in quarantine"),
    "greylist": _("Ask to come again"),
}


class LimitsForm(forms.Form):
    """One field for each limit; empty leaves it to the level above."""

    def __init__(self, limits: Sequence[Limit], data: Any = None) -> None:
        super().__init__(data, initial={one.name: f"{one.own:g}" for one in limits if one.own is not None})
        for one in limits:
            attributes = {"class": "input", "inputmode": "decimal", "min": "0", "step": "any"}
            self.fields[one.name] = forms.FloatField(
                label=LABELS[one.name], required=False, min_value=0, max_value=1e9, widget=forms.NumberInput(attrs=attributes)
            )


class RuleForm(forms.Form):
    pattern = forms.CharField(
        label=_("Address, domain or network"),
        max_length=330,
        help_text=_("ann@example.org, example.org, .example.org for all below it, or 192.0.2.0/24."),
        widget=forms.TextInput(attrs={"class": "input mono", "spellcheck": "false", "autocapitalize": "off"}),
    )
    act = forms.ChoiceField(
        label=_("What becomes of its mail"),
        choices=[(str(act), ACT_LABELS[act]) for act in ACTS],
        widget=forms.Select(attrs={"class": "input"}),
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=200, widget=forms.TextInput(attrs={"class": "input"}))

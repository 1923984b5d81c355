"""Forms of mailing lists."""

from typing import Any

from django import forms

from mailcore.lists.models import MailingList, Member

_CONTROL = {"class": "input"}


def _line(label: str, *, hint: str = "", required: bool = True, most: int = 320) -> forms.CharField:
    widget = forms.TextInput(attrs=_CONTROL | {"spellcheck": "false"})
    return forms.CharField(label=label, help_text=hint, required=required, max_length=most, widget=widget)


def _choice(label: str, choices: Any, *, hint: str = "") -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, help_text=hint, widget=forms.Select(attrs=_CONTROL))


class NewList(forms.Form):
    address = _line("Address", hint="Such as team@example.org.")
    title = _line("Title", hint="What people read.", most=100)
    post_policy = _choice("Who posts", MailingList.PostPolicy.choices)
    owner = _line("Owner", hint="Gets what is written to the owners, and held posts.")


class ListSettings(forms.Form):
    title = _line("Title", most=100)
    description = _line("Description", required=False, most=500)
    post_policy = _choice("Who posts", MailingList.PostPolicy.choices)
    outsiders = _choice("Posts of others are", MailingList.Outsiders.choices)
    join_policy = _choice("Who joins", MailingList.JoinPolicy.choices)
    subject_prefix = _line("Before the subject", hint="Such as [Team]. Empty leaves subjects as they are.", required=False, most=40)
    reply_to = _choice("Answers go to", MailingList.ReplyTo.choices)
    max_bytes = forms.IntegerField(
        label="Largest post, in octets", min_value=1_000, max_value=100_000_000, help_text="A larger one is held.",
        widget=forms.NumberInput(attrs=_CONTROL),
    )  # fmt: skip
    bounce_limit = forms.FloatField(
        label="Returned mail until a member is paused", min_value=1, max_value=100, widget=forms.NumberInput(attrs=_CONTROL)
    )
    archive_mailbox = _line("Posts are filed in the mailbox", hint="Of the list's domain. Empty files none.", required=False)
    archive_folder = _line("In its folder", required=False, most=200)


class NewMember(forms.Form):
    email = _line("Address")
    name = _line("Name", required=False, most=200)
    role = _choice("Role", Member.Role.choices)


class MemberId(forms.Form):
    member = forms.IntegerField(min_value=1)


class MemberChange(MemberId):
    role = forms.ChoiceField(choices=Member.Role.choices)
    mode = forms.ChoiceField(choices=Member.Mode.choices)


class MemberLines(forms.Form):
    members = forms.CharField(
        label="Addresses",
        help_text="One a line: an address, Name <address>, or CSV with address and name. They are added without a confirmation.",
        max_length=8_000_000,
        widget=forms.Textarea(attrs=_CONTROL | {"rows": "6", "spellcheck": "false"}),
    )


class PostId(forms.Form):
    post = forms.IntegerField(min_value=1)


class Rejection(PostId):
    reason = forms.CharField(required=False, max_length=2_000)

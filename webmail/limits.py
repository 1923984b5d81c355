"""What a person may send in an hour and a day: asked before a letter goes in, and said in their words."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailcore.filtering.policy import levels, sending
from mailcore.kernel.errors import Throttled
from mailcore.kernel.principal import Principal


def admit(*, principal: Principal, recipients: Sequence[str]) -> str:
    """Counts the letter. Why the queue is to hold it, or ""; Throttled, in the writer's language, where a limit is reached."""
    try:
        return sending.admit(principal=principal, recipients=recipients)
    except sending.LimitOfLogin as error:
        raise Throttled(f"{_say(error.kind, int(error.limit.value))} {_name_level(error.limit)}", error.detail) from error


def _say(kind: str, count: int) -> str:
    if kind == "messages_hour":
        text = ngettext("You may send %(count)d letter an hour.", "You may send %(count)d letters an hour.", count)
    elif kind == "messages_day":
        text = ngettext("You may send %(count)d letter a day.", "You may send %(count)d letters a day.", count)
    elif kind == "recipients_hour":
        text = ngettext("You may write to %(count)d recipient an hour.", "You may write to %(count)d recipients an hour.", count)
    else:
        text = ngettext("You may write to %(count)d recipient a day.", "You may write to %(count)d recipients a day.", count)
    return text % {"count": count} + " " + _("This one would go beyond.")


def _name_level(limit: levels.Set) -> str:
    kind, _gap, name = limit.owner.partition(":")
    if kind == "mailbox":
        return _("This limit was set for your mailbox.")
    if kind == "domain":
        return _("This limit was set for everybody at %(domain)s.") % {"domain": name}
    return _("This limit was set for the whole server.")

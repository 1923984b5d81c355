"""What can be done to messages, by verb, each with its way back where there is one."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from mailcore.kernel import flags
from mailcore.kernel.errors import BadSyntax, NotFound
from mailcore.store.uidsets import join

from .access.port import SPECIAL_NAMES, MailAccess
from .desk import Step

_FLAGS: dict[str, tuple[int, bool, str, Promise]] = {
    "star": (flags.FLAGGED, True, "unstar", _("starred")),
    "unstar": (flags.FLAGGED, False, "star", _("no longer starred")),
    "read": (flags.SEEN, True, "unread", _("marked as read")),
    "unread": (flags.SEEN, False, "read", _("marked as unread")),
}
_PLACES: dict[str, tuple[str, Promise]] = {
    "archive": ("\\Archive", _("archived")),
    "spam": ("\\Junk", _("moved to Spam")),
    "delete": ("\\Trash", _("moved to Bin")),
}
JUNK, NOT_JUNK = "$Junk", "$NotJunk"


@dataclass(frozen=True, slots=True)
class Done:
    count: int
    words: str
    """What happened to them: "archived"."""
    steps: tuple[Step, ...] = ()
    is_moved: bool = False
    """They are no longer where they were."""

    @property
    def text(self) -> str:
        return tell(self.count, self.words)


def tell(count: int, words: str) -> str:
    """1 message archived; 12,431 messages archived."""
    counted = ngettext("1 message", "%(count)s messages", count) % {"count": f"{count:,}"}
    return f"{counted} {words}"


def moves(verb: str) -> bool:
    """Whether messages leave their folder by it."""
    return verb in ("archive", "spam", "notspam", "delete", "purge", "mute", "block") or verb.startswith(("move:", "snooze:"))


def apply(mail: MailAccess, folder: str, uids: Sequence[int], verb: str) -> Done:
    """Raises BadSyntax for a verb there is not, NotFound for a folder that is gone."""
    kind, _colon, what = verb.partition(":")
    if verb in _FLAGS:
        return _set_flag(mail, folder, uids, verb)
    if kind in ("label", "unlabel") and what:
        return _set_label(mail, folder, uids, what, on=kind == "label")
    if kind == "copy" and what:
        return _copy(mail, folder, uids, what)
    return _move(mail, folder, uids, verb)


def _set_flag(mail: MailAccess, folder: str, uids: Sequence[int], verb: str) -> Done:
    flag, on, back, words = _FLAGS[verb]
    changed = mail.set_flag(folder, uids, flag=flag, on=on)
    return Done(len(uids), str(words), ((folder, join(sorted(changed)), back),) if changed else ())


def _set_label(mail: MailAccess, folder: str, uids: Sequence[int], keyword: str, *, on: bool) -> Done:
    if not keyword.isascii() or not keyword.isprintable() or any(char in ' (){%*"\\]' for char in keyword) or len(keyword) > 100:
        raise BadSyntax("That cannot be a label.", repr(keyword))
    changed = mail.set_flag(folder, uids, keyword=keyword, on=on)
    back = f"{'unlabel' if on else 'label'}:{keyword}"
    return Done(
        len(uids), gettext("labelled") if on else gettext("freed of the label"), ((folder, join(sorted(changed)), back),) if changed else ()
    )


def _copy(mail: MailAccess, folder: str, uids: Sequence[int], target: str) -> Done:
    _check_target(mail, target)
    copied = mail.copy(folder, uids, target)
    steps = ((target, join(sorted(copied.uids)), "purge"),) if copied.uids else ()
    return Done(len(uids), gettext("copied to %(folder)s") % {"folder": shown_name(mail, target)}, steps)


def _move(mail: MailAccess, folder: str, uids: Sequence[int], verb: str) -> Done:
    if verb == "purge" or (verb == "delete" and folder == mail.find_special("\\Trash")):
        mail.delete_for_good(folder, uids)
        return Done(len(uids), gettext("deleted for good"), is_moved=True)
    target, words = _find_target(mail, verb)
    if target == folder:
        return Done(len(uids), gettext("there already"))
    _mark_junk(mail, folder, uids, verb)
    moved = mail.move(folder, uids, target)
    back = "notspam" if verb == "spam" and folder == "INBOX" else f"move:{folder}"
    return Done(len(uids), words, ((target, join(sorted(moved.uids)), back),) if moved.uids else (), is_moved=True)


def _find_target(mail: MailAccess, verb: str) -> tuple[str, str]:
    if verb == "notspam":
        return "INBOX", gettext("moved to Inbox")
    if verb in _PLACES:
        special, words = _PLACES[verb]
        return mail.find_special(special), str(words)
    kind, _colon, target = verb.partition(":")
    if kind != "move" or not target:
        raise BadSyntax("That cannot be done to a message.", repr(verb))
    _check_target(mail, target)
    return target, gettext("moved to %(folder)s") % {"folder": shown_name(mail, target)}


def _mark_junk(mail: MailAccess, folder: str, uids: Sequence[int], verb: str) -> None:
    """Keywords other programs and the spam filter learn from."""
    if verb in ("spam", "notspam"):
        mail.set_flag(folder, uids, keyword=JUNK, on=verb == "spam")
        mail.set_flag(folder, uids, keyword=NOT_JUNK, on=verb == "notspam")


def _check_target(mail: MailAccess, target: str) -> None:
    if target not in [found.name for found in mail.list_folders()]:
        raise NotFound(gettext("There is no folder %(name)s.") % {"name": target})


def shown_name(mail: MailAccess, name: str) -> str:
    return next(
        (
            gettext(folder.shown_name) if folder.shown_name in _OURS else folder.shown_name
            for folder in mail.list_folders()
            if folder.name == name
        ),
        name,
    )


_OURS = frozenset((*SPECIAL_NAMES.values(), "Inbox"))

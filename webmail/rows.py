"""A list row in the words a page needs: who, when, which marks."""

from dataclasses import dataclass

from django.utils.translation import gettext

from mailcore.kernel import flags

from .access.port import Person, Row


@dataclass(frozen=True, slots=True)
class ShownRow:
    row: Row
    who: str
    is_unread: bool
    is_starred: bool
    is_answered: bool
    is_forwarded: bool
    is_draft: bool
    face: Person
    """Whose picture stands before it: the sender, or in what one wrote oneself the first recipient."""


def show_row(row: Row) -> ShownRow:
    is_own = "Draft" in row.folder or "Sent" in row.folder
    others = ", ".join(person.shown for person in row.recipients[:3])
    who = gettext("To %(names)s") % {"names": others} if is_own and others else row.sender.shown or others or gettext("Nobody")
    return ShownRow(
        row=row,
        who=who,
        is_unread=not row.flags & flags.SEEN,
        is_starred=bool(row.flags & flags.FLAGGED),
        is_answered=bool(row.flags & flags.ANSWERED),
        is_forwarded="$Forwarded" in row.keywords,
        is_draft=bool(row.flags & flags.DRAFT),
        face=row.recipients[0] if is_own and row.recipients else row.sender,
    )

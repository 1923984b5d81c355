"""NOTIFY: which events a client wants to hear of, and where (RFC 5465 §8)."""

from dataclasses import dataclass

from .cursor import BadCommand, Cursor
from .fetch import Item, parse_item_list
from .names import parse_names

MESSAGE_EVENTS = (b"MessageNew", b"MessageExpunge", b"FlagChange")
EVENTS = (*MESSAGE_EVENTS, b"MailboxName", b"SubscriptionChange", b"MailboxMetadataChange", b"ServerMetadataChange")
MAX_GROUPS = 100
_BY_NAME = {event.upper(): event for event in EVENTS}
_NAMED = (b"SUBTREE", b"MAILBOXES")
_FILTERS = (b"SELECTED", b"SELECTED-DELAYED", b"INBOXES", b"PERSONAL", b"SUBSCRIBED", *_NAMED)


class BadEvent(Exception):
    """An event this server does not watch; answered with NO [BADEVENT]."""


@dataclass(frozen=True, slots=True)
class Group:
    filter: bytes
    """In capitals."""
    events: frozenset[bytes]
    names: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    """What to fetch of new messages; of the open folder only."""


@dataclass(frozen=True, slots=True)
class Notify:
    groups: tuple[Group, ...]
    """Empty for NOTIFY NONE."""
    status: bool = False


def parse_notify(cursor: Cursor) -> Notify:
    cursor.space()
    word = cursor.word()
    if word == b"NONE":
        return Notify(())
    if word != b"SET":
        raise BadCommand("Expected SET or NONE")
    status = cursor.skip_word(b" STATUS")
    groups: list[Group] = []
    while cursor.skip(b" "):
        groups.append(_parse_group(cursor))
    if not groups or len(groups) > MAX_GROUPS:
        raise BadCommand("NOTIFY SET takes 1 to 100 groups")
    if sum(group.filter.startswith(b"SELECTED") for group in groups) > 1:
        raise BadCommand("The open folder can be watched in one way only")
    return Notify(tuple(groups), status)


def _parse_group(cursor: Cursor) -> Group:
    cursor.expect(b"(")
    kind = cursor.word()
    if kind not in _FILTERS:
        raise BadCommand("NOTIFY knows no such folders")
    cursor.space()
    names = parse_names(cursor) if kind in _NAMED else ()
    if names:
        cursor.space()
    events, items = _parse_events(cursor, selected=kind.startswith(b"SELECTED"))
    cursor.expect(b")")
    return Group(kind, events, names, items)


def _parse_events(cursor: Cursor, *, selected: bool) -> tuple[frozenset[bytes], tuple[Item, ...]]:
    if cursor.skip_word(b"NONE"):
        return frozenset(), ()
    events: set[bytes] = set()
    items: tuple[Item, ...] = ()
    in_list = cursor.skip(b"(")
    while True:
        word = cursor.word()
        event = _BY_NAME.get(word)
        if event is None:
            raise BadEvent
        events.add(event)
        if event == b"MessageNew" and cursor.peek(b" ("):
            if not selected:
                raise BadCommand("Messages are fetched of the open folder only")
            cursor.space()
            items = parse_item_list(cursor)
        if not cursor.skip(b" "):
            break
    if in_list:
        cursor.expect(b")")
    _check_together(events)
    return frozenset(events), items


def _check_together(events: set[bytes]) -> None:
    """RFC 5465 §5: counts make sense together only."""
    if (b"MessageNew" in events) != (b"MessageExpunge" in events):
        raise BadCommand("MessageNew and MessageExpunge stand together")
    if b"FlagChange" in events and b"MessageNew" not in events:
        raise BadCommand("FlagChange needs MessageNew and MessageExpunge")

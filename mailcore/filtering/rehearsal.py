"""A script tried on past mail: what it would have done with each message, and which line decided. Changes nothing.

Envelope and time are taken from the message: Return-Path, Delivered-To, and when it came.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings

from mailcore.directory import mailboxes
from mailcore.kernel.ids import MailboxId
from mailcore.sieve.actions import Action, At, Discard, FileInto, Keep, Note, Notify, Redirect, Reject, Seen, Vacation
from mailcore.sieve.letter import Letter
from mailcore.sieve.script import compile_script
from mailcore.sieve.world import World
from mailcore.store.mailstore import LocalMailStore

from . import answerable, compiled, verdicts
from .compiled import Ready
from .deciding import Decision, decide
from .folders import Folders

MAX_MESSAGES = 1_000
BATCH = 50


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing the script would do."""

    kind: str
    """keep, file, redirect, discard, refuse, answer, notify, or stay: a message that is kept because nothing says otherwise."""
    text: str
    """In plain words."""
    line: int
    """0 where no line decided."""
    target: str = ""
    """Folder or address."""


@dataclass(frozen=True, slots=True)
class Account:
    """What would happen to one message."""

    uid: int
    came_at: int
    sender: str
    subject: str
    effects: tuple[Effect, ...]
    notes: tuple[Note, ...]
    """Every test that was asked, with its result and line, and every command that ran, in order."""
    error: str = ""
    """Why the script would fail on this message, which is then kept."""


def rehearse(script_text: str | bytes, mailbox_id: MailboxId, folder: str = "INBOX", limit: int = 100) -> list[Account]:
    """Newest messages first. ScriptFault where the script cannot be used, NotFound for the folder."""
    script = Ready(0, compile_script(script_text, name="script", traced=True))
    stage = _Stage(mailbox_id)
    return [stage.play(script, *message) for message in _read(mailbox_id, folder, min(limit, MAX_MESSAGES))]


def _read(mailbox_id: MailboxId, folder: str, limit: int) -> Iterator[tuple[int, int, bytes]]:
    store = LocalMailStore(mailbox_id)
    snapshot = store.open(folder, read_only=True)
    newest = list(snapshot.uids)[-limit:][::-1] if limit > 0 else []
    for start in range(0, len(newest), BATCH):
        part = newest[start : start + BATCH]
        found = {row[0]: row for row in store.fetch(snapshot.folder.id, sorted(part), ["internaldate", "raw"])}
        for uid in part:
            if uid in found:
                yield uid, int(found[uid][1]), bytes(found[uid][2])


class _Stage:
    """Surroundings of the rehearsal: the mailbox as it is, and a memory of its own for `duplicate`."""

    def __init__(self, mailbox_id: MailboxId) -> None:
        self._mailbox_id = mailbox_id
        self._folders = Folders(mailbox_id)
        address = mailboxes.find_address(mailbox_id=mailbox_id)
        self._address = str(address) if address is not None else ""
        self._seen: set[tuple[str, str]] = set()

    def play(self, script: Ready, uid: int, came_at: int, raw: bytes) -> Account:
        letter = Letter(raw)
        sender, recipient = _first_address(letter, "return-path"), _first_address(letter, "delivered-to") or self._address
        decision = decide([script], letter, self._make_world(letter, sender, recipient, came_at))
        self._remember(decision.seen)
        own = {answerable.fold(self._address), answerable.fold(recipient)}
        effects = tuple(_describe(action, letter, sender, own, self._folders) for action in decision.actions)
        return Account(uid, came_at, _first(letter, "from"), _first(letter, "subject"), effects, decision.notes, _error(decision))

    def _make_world(self, letter: Letter, sender: str, recipient: str, came_at: int) -> World:
        hostname = settings.FACTEUR.hostname
        return World(
            sender=sender,
            recipient=recipient,
            now=datetime.fromtimestamp(came_at, UTC),
            environment={"host": hostname, "domain": hostname.partition(".")[2], "location": "MDA", "name": "Facteur", "phase": "post"},
            spam_percent=verdicts.spam_percent(letter),
            virus_level=verdicts.virus_level(letter),
            mailbox_exists=self._folders.exists,
            special_use_exists=self._folders.has_use,
            annotation=self._folders.annotation,
            was_seen=lambda handle, unique_id: (handle, unique_id) in self._seen,
            find_script=lambda location, name: compiled.find_included(self._mailbox_id, location, name),
        )

    def _remember(self, seen: tuple[Seen, ...]) -> None:
        self._seen.update((one.handle, one.unique_id) for one in seen)


def _error(decision: Decision) -> str:
    return "; ".join(str(failure) for failure in decision.failures)


def _describe(action: Action, letter: Letter, sender: str, own: set[str], folders: Folders) -> Effect:
    line = action.at.line if isinstance(action.at, At) else 0
    match action:
        case Keep(at=None):
            return Effect("stay", "stays in the inbox" + _with(action.flags), 0, "INBOX")
        case Keep():
            return Effect("keep", "is kept in the inbox" + _with(action.flags), line, "INBOX")
        case FileInto():
            folder = folders.find_by_use(action.special_use) or action.folder
            if not folders.is_possible(folder) or (not action.create and not folders.exists(folder)):
                return Effect("keep", f"stays in the inbox: there is no folder {folder}", line, "INBOX")
            return Effect("file", f"is filed in {folder}" + _with(action.flags), line, folder)
        case Redirect():
            return Effect("redirect", f"is sent on to {action.address}", line, action.address)
        case Discard():
            return Effect("discard", "is thrown away", line)
        case Reject():
            return Effect("refuse", f"is refused: {' '.join(action.reason.split())[:200]}", line, sender)
        case Vacation():
            own = own | {answerable.fold(address) for address in action.addresses}
            reason = answerable.why_not(letter, sender=sender, own=own)
            said = f"is not answered: {reason}" if reason else f"is answered to {sender}, if not answered in this period already"
            return Effect("answer", said, line, "" if reason else sender)
        case Notify():
            return Effect("notify", f"is announced to {action.method[:200]}", line, action.method)


def _with(flags: tuple[str, ...]) -> str:
    return f", with {', '.join(flags)}" if flags else ""


def _first(letter: Letter, name: str) -> str:
    values = letter.values(name)
    return values[0] if values else ""


def _first_address(letter: Letter, name: str) -> str:
    found = letter.addresses(name)
    return found[0].address if found and found[0].domain else ""

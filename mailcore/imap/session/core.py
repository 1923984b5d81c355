"""The data of one connection and the few steps every topic shares: states, selecting, telling what changed."""

from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import Protocol

from mailcore.kernel.errors import NotFound
from mailcore.kernel.ids import FolderId, MailboxId
from mailcore.kernel.mailstore import MailStore
from mailcore.kernel.ports import Authenticator
from mailcore.kernel.principal import Principal

from ..grammar.names import write_name
from ..grammar.sequences import compact, write_set
from .config import SessionConfig
from .view import View, folder_keywords

CHUNK = 262_144
"""About how many octets are handed to the listener at once."""
Answer = Iterator[bytes]


class State(Enum):
    """RFC 3501 §3."""

    NOT_AUTHENTICATED = auto()
    AUTHENTICATED = auto()
    SELECTED = auto()
    LOGOUT = auto()


TRANSITIONS: dict[State, frozenset[State]] = {
    State.NOT_AUTHENTICATED: frozenset((State.AUTHENTICATED, State.LOGOUT)),
    State.AUTHENTICATED: frozenset((State.NOT_AUTHENTICATED, State.SELECTED, State.LOGOUT)),
    State.SELECTED: frozenset((State.AUTHENTICATED, State.SELECTED, State.LOGOUT)),
    State.LOGOUT: frozenset((State.LOGOUT,)),
}


class IllegalTransition(Exception):
    """A programming error: the state machine was asked for a step it does not have."""


class SelectedFolderGone(Exception):
    """The selected folder was removed by someone else; the connection ends with BYE (RFC 2180 §3.3)."""


class Watcher(Protocol):
    """What NOTIFY set up; see `notify`."""

    @property
    def watches_selected(self) -> bool: ...
    @property
    def delays_expunges(self) -> bool: ...
    def describe_new(self, session: "Connection", places: range) -> bytes: ...
    def look(self, session: "Connection") -> bytes: ...


class UpToDate(Protocol):
    """Searches that are kept up to date; see `contexts`."""

    def report_gone(self, session: "Connection") -> bytes: ...
    def report_changes(self, session: "Connection") -> bytes: ...


class Connection:
    """What the listener may read: `state`, `close`, `starttls_requested`, `idling`, `pending_auth`,
    `selected_folder_id`, `mailbox_id`, `principal`."""

    __slots__ = (
        "authenticate",
        "bad_commands",
        "close",
        "compress_requested",
        "compressed",
        "condstore",
        "config",
        "contexts",
        "idle_tag",
        "idling",
        "open_store",
        "pending_auth",
        "principal",
        "qresync",
        "rev2",
        "starttls_requested",
        "state",
        "store",
        "tls",
        "uid_only",
        "utf8",
        "view",
        "watcher",
    )  # fmt: skip

    def __init__(self, config: SessionConfig, authenticate: Authenticator, open_store: Callable[[Principal], MailStore]) -> None:
        self.config = config
        self.authenticate = authenticate
        self.open_store = open_store
        self.state = State.NOT_AUTHENTICATED
        self.tls = config.tls
        self.close = False
        self.starttls_requested = False
        self.compress_requested = False
        self.compressed = False
        self.idling = False
        self.idle_tag = b""
        self.pending_auth: object | None = None
        """Set while the next line is an answer to AUTHENTICATE: give it to `continue_auth`."""
        self.principal: Principal | None = None
        self.store: MailStore | None = None
        self.view: View | None = None
        self.contexts: UpToDate | None = None
        """None until a search is to be kept up to date (RFC 5267 §4.3)."""
        self.watcher: Watcher | None = None
        """Tells what happens in other folders too (RFC 5465)."""
        self.condstore = False
        self.qresync = False
        """Expunges are told as VANISHED (RFC 7162 §3.2.3)."""
        self.rev2 = False
        """The client speaks IMAP4rev2: no \\Recent, ESEARCH, names in UTF-8 (RFC 9051 §6.3.1)."""
        self.uid_only = False
        """The client counts no messages: UIDs only (RFC 9586)."""
        self.utf8 = False
        """The client takes UTF-8 in strings (RFC 6855 §3)."""
        self.bad_commands = 0

    @property
    def needs_listener(self) -> bool:
        """The next octets of the client are not simply a command."""
        return self.close or self.starttls_requested or self.compress_requested or self.idling or self.pending_auth is not None

    @property
    def is_listening(self) -> bool:
        """The client hears of changes without asking."""
        return self.idling or self.watcher is not None

    @property
    def selected_folder_id(self) -> FolderId | None:
        return self.view.folder_id if self.view is not None else None

    @property
    def mailbox_id(self) -> MailboxId | None:
        return self.store.mailbox_id if self.store is not None else None

    @property
    def watched_mailbox_ids(self) -> frozenset[MailboxId]:
        """Whose events to listen to: one's own mailbox's, and those of the open folder's."""
        if self.store is None:
            return frozenset()
        own = frozenset((self.store.mailbox_id,))
        return own | {self.store.mailbox_of(self.view.folder_id)} if self.view is not None else own

    @property
    def mail(self) -> MailStore:
        assert self.store is not None, "the table lets only logged-in sessions here"
        return self.store

    @property
    def selected(self) -> View:
        assert self.view is not None, "the table lets only sessions with a folder here"
        return self.view

    @property
    def may_log_in(self) -> bool:
        return self.tls or self.config.clear_login

    def enter(self, state: State) -> None:
        if state not in TRANSITIONS[self.state]:
            raise IllegalTransition(f"{self.state.name} → {state.name}")
        self.state = state
        if state is State.LOGOUT:
            self.close = True

    def forget_login(self) -> None:
        """Nothing of who was logged in, or of what they switched on, is left."""
        self.principal = self.store = self.watcher = self.contexts = None
        self.condstore = self.qresync = self.rev2 = self.utf8 = self.uid_only = False

    def unselect(self) -> None:
        view, self.view = self.view, None
        self.contexts = None
        if view is not None and view.has_news and not (view.read_only or self.rev2) and self.store is not None:
            # Told as \\Recent here, so to nobody else (RFC 3501 §2.3.2).
            self.store.claim_recent(view.folder_id)
        if self.state is State.SELECTED:
            self.enter(State.AUTHENTICATED)

    def refresh(self) -> bytes:
        """Take over what others did and report all of it but expunges (RFC 3501 §7.4.1)."""
        view = self.selected
        try:
            delta = self.mail.changes_since(view.folder_id, view.modseq)
        except NotFound as error:
            raise SelectedFolderGone from error
        if not delta.changed and not delta.expunged and delta.folder.highestmodseq <= view.modseq:
            # The usual case, and it must not cost more where many messages have keywords.
            return b""
        changed, fresh = view.take(delta)
        pieces = []
        if view.learn_keywords():
            pieces.append(self.flags_line())
        if fresh:
            view.has_news = True
            pieces.append(self.count_lines())
            if self.watcher is not None:
                pieces.append(self.watcher.describe_new(self, range(view.count - fresh, view.count)))
        pieces += [self.flags_response(place) for place in changed if view.uids[place] not in view.gone]
        return b"".join(pieces)

    def report_expunged(self) -> bytes:
        """Announce what is gone. Only where the client expects numbers to change (RFC 3501 §7.4.1)."""
        left = self.contexts.report_gone(self) if self.contexts is not None and self.selected.gone else b""
        if self.qresync or self.uid_only:
            gone = sorted(self.selected.gone)
            self.selected.drop_gone()
            return b"%b* VANISHED %b\r\n" % (left, write_set(compact(gone))) if gone else b""
        return left + b"".join([b"* %d EXPUNGE\r\n" % number for number in self.selected.drop_gone()])

    def report_results(self) -> bytes:
        """What the view's changes mean for the searches that are kept up to date. May block."""
        return self.contexts.report_changes(self) if self.contexts is not None and self.view is not None else b""

    def report_lag(self) -> bytes:
        """Where expunges are held back, the modseq up to which nothing is: a client that is cut off now comes back to it."""
        view = self.view
        if view is None or not self.qresync or not view.gone:
            return b""
        return b"* OK [HIGHESTMODSEQ %d] Expunges follow\r\n" % view.told_modseq

    def flags_line(self) -> bytes:
        keywords = folder_keywords(self.selected.known)
        return b"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft%b)\r\n" % (b" " + keywords if keywords else b"")

    def flags_response(self, place: int) -> bytes:
        """An untagged FETCH that says what a message's flags are now; the UID helps clients that missed a number."""
        view = self.selected
        modseq = b" MODSEQ (%d)" % view.modseqs[place] if self.condstore else b""
        return self.fetch_line(place, b"FLAGS (%b)%b" % (view.flag_text(place), modseq))

    def fetch_line(self, place: int, items: bytes) -> bytes:
        """An untagged FETCH of one message; UIDFETCH where the client counts no messages."""
        uid = self.selected.uids[place]
        if self.uid_only:
            return b"* %d UIDFETCH (%b)\r\n" % (uid, items)
        return b"* %d FETCH (UID %d %b)\r\n" % (place + 1, uid, items)

    def count_lines(self) -> bytes:
        view = self.selected
        recent = b"" if self.rev2 else b"* %d RECENT\r\n" % view.recent
        return b"* %d EXISTS\r\n%b" % (view.count, recent)

    def write_name(self, name: str) -> bytes:
        """A folder's name as this client reads it."""
        return write_name(name, utf8=self.utf8 or self.rev2)

"""What a script decided, as values for somebody else to carry out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class At:
    """The command that decided: name of its script, and line."""

    script: str
    line: int

    def __str__(self) -> str:
        return f"{self.script}, line {self.line}" if self.script else f"line {self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    at: At | None
    """None is the implicit keep (RFC 5228 §2.10.2)."""
    flags: tuple[str, ...] = ()
    header: bytes | None = None
    """The header block as the script changed it, blank line included; None where it did not. In FileInto and Redirect too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileInto:
    at: At
    folder: str
    """As written: UTF-8, parts joined by "/"."""
    create: bool = False
    special_use: str = ""
    """RFC 8579: a folder with this use is preferred to the named one."""
    flags: tuple[str, ...] = ()
    header: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    at: At
    address: str
    header: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Discard:
    at: At


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    at: At
    reason: str
    is_envelope: bool
    """`ereject`: refuse rather than answer where that can be done (RFC 5429 §2.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacation:
    at: At
    reason: str
    """Text, or with `is_mime` a whole MIME entity with its header."""
    is_mime: bool
    seconds: int | None
    """Least time between two answers to one sender; 0 answers always, None is not said."""
    subject: str = ""
    sender: str = ""
    """`:from`, "" for the owner's address."""
    addresses: tuple[str, ...] = ()
    """Further addresses of the owner."""
    handle: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    at: At
    method: str
    """A URI; `mailto:` is the only scheme that passes the check."""
    message: str = ""
    sender: str = ""
    importance: str = "2"
    options: tuple[str, ...] = ()


Action = Keep | FileInto | Redirect | Discard | Reject | Vacation | Notify


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A `duplicate` test to be remembered, once the actions are done (RFC 7352 §3)."""

    handle: str
    unique_id: str
    seconds: int | None
    """None is not said."""
    last: bool
    """Every time it is seen again the time counts anew."""


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the account of a run: a test with its result, or an action."""

    script: str
    line: int
    text: str
    result: bool | None = None
    """None for an action."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    actions: tuple[Action, ...]
    seen: tuple[Seen, ...] = ()
    error: str = ""
    """Why the script failed; the actions are then the implicit keep alone."""
    failed_at: At | None = None
    notes: tuple[Note, ...] = ()
    """Filled where the script was compiled with `traced`."""

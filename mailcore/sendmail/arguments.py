"""The words after `sendmail`, as forty years of programs write them. Pure.

Options may be joined to their value (`-fann@example.org`) or not; what only other mail servers understand is taken and ignored.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mailcore.kernel.errors import BadSyntax

_WITH_VALUE = frozenset("BCFfhLNOpRrVX")
_IGNORED = frozenset("ABCGLOXUhmnpvw")


class Mode(StrEnum):
    SEND = "m"
    VERIFY = "v"
    LIST = "p"
    REBUILD = "i"
    FLUSH = "q"


@dataclass(frozen=True, slots=True)
class Wanted:
    mode: Mode = Mode.SEND
    recipients: tuple[str, ...] = ()
    reads_header: bool = False
    """-t"""
    ignores_dots: bool = False
    """-i: a line with a single dot is part of the message."""
    sender: str | None = None
    """-f; "" is nobody, None was not said."""
    full_name: str = ""
    notify: str = ""
    """-N"""
    ret: str = ""
    """-R"""
    envid: str = ""
    """-V"""


def read(words: Sequence[str], *, called: str = "sendmail") -> Wanted:
    """BadSyntax for an option nobody has. `called` is the program's name: `mailq` and `newaliases` are other modes of it."""
    found: dict[str, object] = {}
    if called in ("mailq", "newaliases"):
        found["mode"] = Mode.LIST if called == "mailq" else Mode.REBUILD
    recipients: list[str] = []
    for letter, value in _split(words):
        if not letter:
            recipients.append(value)
        else:
            _take(found, letter, value)
    return Wanted(recipients=tuple(recipients), **found)  # type: ignore[arg-type]


def _take(found: dict[str, object], letter: str, value: str) -> None:
    match letter:
        case "t":
            found["reads_header"] = True
        case "i":
            found["ignores_dots"] = True
        case "o" if value.startswith("i"):
            found["ignores_dots"] = True
        case "f" | "r":
            found["sender"] = value.strip().removeprefix("<").removesuffix(">")
        case "F":
            found["full_name"] = value
        case "N":
            found["notify"] = _read_notify(value)
        case "R":
            if value.lower() not in ("full", "hdrs"):
                raise BadSyntax("-R is full or hdrs.")
            found["ret"] = value.upper()
        case "V":
            found["envid"] = value
        case "q":
            found["mode"] = Mode.FLUSH
        case "b":
            _take_mode(found, value)
        case _ if letter not in _IGNORED and letter not in "oe":
            raise BadSyntax(f"There is no option -{letter}.")


def _take_mode(found: dict[str, object], value: str) -> None:
    if value not in ("m", "v", "p", "i"):
        raise BadSyntax(f"-b{value} is not there; -bm, -bp, -bi and -bv are. SMTP is spoken on the ports.")
    found["mode"] = Mode(value)


def _read_notify(value: str) -> str:
    parts = [part.strip().upper() for part in value.split(",")]
    if any(part not in ("NEVER", "SUCCESS", "FAILURE", "DELAY") for part in parts) or ("NEVER" in parts and len(parts) > 1):
        raise BadSyntax("-N is never, or some of success, failure, delay.")
    return ",".join(parts)


def _split(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(option, value), or ("", word)."""
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if word == "--":
            yield from (("", rest) for rest in queue)
            return
        if not word.startswith("-") or word == "-":
            yield "", word
            continue
        letter, rest = word[1], word[2:]
        if letter in "beoq":
            yield letter, rest
        elif letter in _WITH_VALUE:
            if not rest and not queue:
                raise BadSyntax(f"-{letter} needs a value.")
            yield letter, rest or queue.pop(0)
        else:
            # Flags may stand together: -ti.
            yield letter, ""
            if rest:
                queue.insert(0, "-" + rest)

"""Short ways to run a script on a message, and to say what it decided in one line each."""

from datetime import UTC, datetime
from typing import Any

from mailcore.sieve.actions import Discard, FileInto, Keep, Notify, Outcome, Redirect, Reject, Vacation
from mailcore.sieve.letter import Letter
from mailcore.sieve.script import compile_script
from mailcore.sieve.world import World

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
PLAIN = (
    b"From: Bo Larsen <bo@shop.example>\r\nTo: Ann <ann+orders@home.example>, cy@home.example\r\nCc: team@home.example\r\n"
    b"Subject: Your order 1234 is on its way\r\nDate: Fri, 13 Mar 2026 23:30:00 -0500\r\nMessage-ID: <m1@shop.example>\r\n"
    b"X-Priority: 2\r\nList-Id: Orders <orders.shop.example>\r\n\r\nIt left today.\r\nTrack it at shop.example.\r\n"
)
MIXED = (
    b"From: bo@shop.example\r\nTo: ann@home.example\r\nSubject: =?utf-8?q?Pl=C3=A4ne?= for May\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b1"\r\n\r\npreamble words\r\n--b1\r\n'
    b'Content-Type: multipart/alternative; boundary="b2"\r\n\r\n--b2\r\nContent-Type: text/plain; charset=utf-8\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\nR3LDvMOfZSBhdXMgQmVybGluCg==\r\n--b2\r\nContent-Type: text/html\r\n\r\n"
    b"<p>Greetings &amp; <b>kisses</b></p>\r\n--b2--\r\n--b1\r\n"
    b'Content-Type: application/pdf; name="plan.pdf"\r\nContent-Disposition: attachment; filename="plan.pdf"\r\n\r\n%PDF-1\r\n--b1--\r\n'
)


def run(script: str, raw: bytes = PLAIN, **world: Any) -> Outcome:
    known = {"sender": "bounces@shop.example", "recipient": "ann+orders@home.example", "now": NOW} | world
    return compile_script(script, name="main").run(Letter(raw), World(**known))


def told(outcome: Outcome) -> list[str]:
    """One word and one argument for each action; an error first."""
    return ([f"error {outcome.error}"] if outcome.error else []) + [_tell(action) for action in outcome.actions]


def _tell(action: object) -> str:
    match action:
        case Keep(at=None, flags=flags):
            return " ".join(["implicit", *flags])
        case Keep(flags=flags):
            return " ".join(["keep", *flags])
        case FileInto(folder=folder, flags=flags):
            return " ".join([f"into {folder}", *flags])
        case Redirect(address=address):
            return f"redirect {address}"
        case Discard():
            return "discard"
        case Reject(reason=reason):
            return f"reject {reason}"
        case Vacation(reason=reason):
            return f"vacation {reason}"
        case Notify(method=method):
            return f"notify {method}"
    raise AssertionError(action)


def decide(script: str, raw: bytes = PLAIN, **world: Any) -> list[str]:
    return told(run(script, raw, **world))


def holds(test: str, raw: bytes = PLAIN, *, require: str = "", **world: Any) -> bool:
    """Whether a test is true; `require` names extensions, parted by blanks."""
    names = ", ".join(f'"{name}"' for name in ["fileinto", *require.split()])
    outcome = decide(f'require [{names}]; if {test} {{ fileinto "yes"; }}', raw, **world)
    assert outcome in (["into yes"], ["implicit"]), outcome
    return outcome == ["into yes"]

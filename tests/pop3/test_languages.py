"""LANG with words behind it (RFC 6856 §3): every reply of a session has its French, and data stays as it is."""

import re
from pathlib import Path

import pytest

from mailcore.directory import authentication
from mailcore.pop3 import languages
from mailcore.pop3.languages import FRENCH, find_language, translate

from .fakes import Inbox, session
from .test_session import ONE, TWO, say

ROOM = Path(languages.__file__).parent
_SAID = re.compile(r'\b(?:ok|err|BadSyntax|Denied|NotFound)\(\s*f?"((?:[^"\\]|\\.)*)"')


def test_every_reply_has_its_french() -> None:
    said = {
        text for name in ("session", "maildrop", "grammar", "login") for text in _SAID.findall((ROOM / f"{name}.py").read_text("utf-8"))
    }
    shapes = {re.sub(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}", "{}", text) for text in said}
    assert len(shapes) > 25
    # Numbers alone, and the octets of RETR's and LIST's own lines, are nobody's language.
    assert {shape for shape in shapes if re.search("[a-z]", shape)} - FRENCH.keys() == set()
    assert authentication.WRONG in FRENCH
    assert all(english.count("{}") == other.count("{}") for english, other in FRENCH.items())


def test_a_session_in_french() -> None:
    talk = session(Inbox([ONE, TWO]))
    assert say(talk, "LANG fr-CA") == b"+OK fr langue choisie\r\n"
    say(talk, "USER ann@example.org")
    assert say(talk, "PASS wrong") == b"-ERR [AUTH] wrong name or password\r\n"  # the fake's own words have no French
    assert say(talk, "USER") == b"-ERR USER demande un nom\r\n"
    say(talk, "USER ann@example.org")
    assert say(talk, "PASS a pass word") == b"+OK 2 messages\r\n"
    assert say(talk, "UIDL 1") == b"+OK 1 000000630000000b\r\n"
    assert say(talk, "DELE 1") == "+OK message 1 supprimé\r\n".encode()
    assert say(talk, "RETR 1") == "-ERR message déjà supprimé\r\n".encode()
    assert say(talk, "RETR 2") == b"+OK %d octets\r\n%b\r\n.\r\n" % (len(TWO), TWO)
    assert say(talk, "LANG x-klingon") == "-ERR cette langue n'est pas parlée ici\r\n".encode()
    assert say(talk, "LANG *") == b"+OK i-default language chosen\r\n"
    assert say(talk, "QUIT") == b"+OK goodbye\r\n"


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ("-ERR [SYS/TEMP] internal error, incident 0a\r\n", "-ERR [SYS/TEMP] erreur interne, incident 0a\r\n"),
        ("-ERR messages were not removed: line too long\r\n", "-ERR les messages n'ont pas été supprimés : ligne trop longue\r\n"),
        ("+OK\r\n", "+OK\r\n"),
        ("+ Z29vZGJ5ZQ==\r\n", "+ Z29vZGJ5ZQ==\r\n"),
        ("+OK goodbye\r\nsend PASS\r\n", "+OK au revoir\r\nsend PASS\r\n"),
        ("goodbye\r\n", "goodbye\r\n"),
    ],
)
def test_what_is_put_into_words(reply: str, told: str) -> None:
    assert translate(reply.encode(), "fr") == told.encode()
    assert translate(reply.encode(), "en") == reply.encode()


@pytest.mark.parametrize(
    ("asked", "found"), [("FR", "fr"), ("fr-FR-1606nict", "fr"), ("en-GB", "en"), ("i-default", "i-default"), ("de", None)]
)
def test_which_language_is_meant(asked: str, found: str | None) -> None:
    assert find_language(asked) == found

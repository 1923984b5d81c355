"""Two Facteurs that know each other by their routes: a letter there, an answer back, a report for a stranger."""

import sys
from pathlib import Path

import pytest

from tests.flows.facteur import PASSWORD, Facteur, wait_until
from tests.flows.pages import Pages

pytestmark = [pytest.mark.processes, pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")]


def letter(*, message_id: str, sender: str, recipient: str, above: str = "") -> bytes:
    head = f"Message-ID: <{message_id}>\r\nFrom: {sender}\r\nTo: {recipient}\r\nSubject: flow\r\n{above}"
    return f"{head}\r\nA line.\r\n.\r\n..two dots\r\nLast.\r\n".encode()


def test_a_letter_goes_there_and_the_answer_comes_back(tmp_path: Path) -> None:
    here = Facteur(tmp_path / "a", domain="a.test", people=1, front_processes="1")
    there = Facteur(tmp_path / "b", domain="b.test", people=1, front_processes="1", routes=f"a.test=127.0.0.1:{here.ports['smtp']}")
    here.set("routes", f"b.test=127.0.0.1:{there.ports['smtp']}")
    ann, bob = here.addresses[0], there.addresses[0]
    with here, there:
        here.submit(ann, bob, letter(message_id="question@a.test", sender=ann, recipient=bob))
        wait_until(lambda: there.message_ids(bob)["question@a.test"] == 1, what="the letter")
        arrived = there.letters(bob, whole=True)[0]
        assert arrived.startswith(b"Return-Path: <u0@a.test>\r\nDelivered-To: u0@b.test\r\n")
        assert arrived.count(b"\nReceived: ") == 2
        assert arrived.endswith(b"\r\n\r\nA line.\r\n.\r\n..two dots\r\nLast.\r\n")

        pages = Pages(there.ports["http"])
        pages.sign_in(bob, PASSWORD)
        pages.fill("/compose?mode=reply&folder=INBOX&uid=1", text="From the webmail, with thanks.")
        wait_until(lambda: here.message_ids(ann).total() == 1, what="the answer")
        answer = here.letters(ann, whole=True)[0]
        assert b"In-Reply-To: <question@a.test>\r\n" in answer
        assert b"From the webmail, with thanks." in answer

        stranger = "nobody@b.test"
        here.submit(ann, stranger, letter(message_id="stranger@a.test", sender=ann, recipient=stranger))
        wait_until(lambda: any(b"multipart/report" in header for header in here.letters(ann)), what="the report")
        assert there.message_ids(bob).total() == 1
        assert here.inside("queue")["failed"] == ["stranger@a.test"]
        assert here.inside("check") == there.inside("check") == []

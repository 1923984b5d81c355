"""A filter put by ManageSieve decides about the next letter: front, worker, store and queue, each a process of its own."""

import imaplib
import ssl
import sys
from collections.abc import Iterator

import pytest
from sievelib.managesieve import Client

from tests.flows.facteur import PASSWORD, Facteur, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")]

SCRIPT = """require ["fileinto", "mailbox", "imap4flags", "copy", "vacation"];
if header :contains "subject" "invoice" {
    fileinto :create :flags "\\\\Flagged" "Bills/2026";
    redirect :copy "u1@flows.test";
    vacation :subject "Away" "Back in May.";
} elsif header :contains "subject" "nothing" {
    discard;
}
"""


@pytest.fixture(scope="module")
def facteur(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facteur]:
    with Facteur(tmp_path_factory.mktemp("filters") / "data", front_processes="1") as made:
        yield made


def letter(message_id: str, subject: str) -> bytes:
    return f"Message-ID: <{message_id}>\r\nFrom: u2@flows.test\r\nTo: u0@flows.test\r\nSubject: {subject}\r\n\r\nHello\r\n".encode()


def put(facteur: Facteur, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted = ssl.create_default_context()
    trusted.check_hostname, trusted.verify_mode = False, ssl.CERT_NONE
    monkeypatch.setattr("ssl.create_default_context", lambda *_, **__: trusted)
    client = Client("127.0.0.1", srvport=facteur.ports["sieve"])
    assert client.connect("u0@flows.test", PASSWORD, starttls=True, authmech="PLAIN"), client.errmsg
    assert client.putscript("main", script) and client.setactive("main"), client.errmsg
    client.logout()
    monkeypatch.undo()


def flagged_in(facteur: Facteur, folder: str) -> list[bytes]:
    with imaplib.IMAP4_SSL("127.0.0.1", facteur.ports["imaps"], timeout=60) as reader:
        reader.login("u0@flows.test", PASSWORD)
        if reader.select(f'"{folder}"', readonly=True)[0] != "OK":
            return []
        return [one for one in reader.search(None, "FLAGGED")[1][0].split() if one]


def test_a_letter_is_filed_sent_on_and_answered(facteur: Facteur, monkeypatch: pytest.MonkeyPatch) -> None:
    put(facteur, SCRIPT, monkeypatch)
    for message_id, subject in (("bill@flows", "Your invoice"), ("gone@flows", "nothing at all"), ("kept@flows", "hello")):
        facteur.submit("u2@flows.test", "u0@flows.test", letter(message_id, subject))
    wait_until(lambda: "kept@flows" in facteur.message_ids("u0@flows.test"), what="the plain letter")
    wait_until(lambda: flagged_in(facteur, "Bills/2026") == [b"1"], what="the filed letter")
    wait_until(lambda: facteur.message_ids("u1@flows.test")["bill@flows"] == 1, what="the redirected copy")
    wait_until(lambda: any(b"Auto-Submitted: auto-replied" in one for one in facteur.letters("u2@flows.test")), what="the answer")
    assert list(facteur.message_ids("u0@flows.test")) == ["kept@flows"]
    facteur.submit("u2@flows.test", "u0@flows.test", letter("bill2@flows", "Second invoice"))
    wait_until(lambda: facteur.message_ids("u1@flows.test")["bill2@flows"] == 1, what="the second copy")
    assert len(facteur.letters("u2@flows.test")) == 1, "answered once in a period"


def test_a_change_counts_for_the_next_letter(facteur: Facteur, monkeypatch: pytest.MonkeyPatch) -> None:
    put(facteur, "keep;", monkeypatch)
    facteur.submit("u2@flows.test", "u0@flows.test", letter("third@flows", "Third invoice"))
    wait_until(lambda: "third@flows" in facteur.message_ids("u0@flows.test"), what="the letter under the new script")

"""imaplib, poplib and IMAPClient read what SMTP was given."""

import imaplib
import poplib

import pytest
from imapclient import IMAPClient

from .house import HOST, House, Person, without_trace
from .letters import ATTACHED, LETTERS, PLAIN

pytestmark = pytest.mark.processes


def test_imaplib_reads_every_octet(house: House, person: Person) -> None:
    person.is_sent(*LETTERS)
    with imaplib.IMAP4(HOST, house.ports["imap"], timeout=20) as client:
        client.starttls(house.trust())
        client.login(person.address, person.password)
        assert client.select("INBOX")[1] == [b"%d" % len(LETTERS)]
        answers = client.fetch("1:*", "(RFC822.SIZE BODY[])")[1]
    letters = [answer[1] for answer in answers if isinstance(answer, tuple)]
    assert sorted(without_trace(letter) for letter in letters) == sorted(LETTERS)


def test_imaplib_appends_and_gets_the_same_back(house: House, person: Person) -> None:
    with imaplib.IMAP4_SSL(HOST, house.ports["imaps"], ssl_context=house.trust(), timeout=20) as client:
        client.login(person.address, person.password)
        for letter in LETTERS:
            assert client.append("Drafts", r"(\Draft)", None, letter)[0] == "OK"
        client.select("Drafts")
        answers = client.fetch("1:*", "(FLAGS BODY[])")[1]
    assert [answer[1] for answer in answers if isinstance(answer, tuple)] == list(LETTERS)


@pytest.mark.parametrize("implicit", [True, False], ids=["pop3s", "stls"])
def test_poplib_reads_and_deletes(house: House, person: Person, implicit: bool) -> None:
    person.is_sent(*LETTERS)
    client = _pop(house, implicit)
    client.user(person.address)
    client.pass_(person.password)
    count, octets = client.stat()
    assert count == len(LETTERS)
    letters = [b"\r\n".join(client.retr(number)[1]) + b"\r\n" for number in range(1, count + 1)]
    assert sum(map(len, letters)) == octets
    client.dele(1)
    client.quit()
    assert sorted(without_trace(letter) for letter in letters) == sorted(LETTERS)
    assert person.inbox() == letters[1:]


def _pop(house: House, implicit: bool) -> poplib.POP3:
    if implicit:
        return poplib.POP3_SSL(HOST, house.ports["pop3s"], context=house.trust(), timeout=20)
    client = poplib.POP3(HOST, house.ports["pop3"], timeout=20)
    client.stls(house.trust())
    return client


def test_imapclient_walks_a_mailbox(house: House, person: Person) -> None:
    person.is_sent(PLAIN, ATTACHED)
    with IMAPClient(HOST, house.ports["imaps"], ssl_context=house.trust(), timeout=20) as client:
        client.login(person.address, person.password)
        client.select_folder("INBOX")
        plain = client.search(["SUBJECT", "plain"])
        attached = client.search(["SUBJECT", "attached"])
        found = client.fetch(attached, ["ENVELOPE", "BODYSTRUCTURE", "BODY.PEEK[1]", "FLAGS"])[attached[0]]
        assert found[b"ENVELOPE"].message_id == b"<attached@elsewhere.test>"
        assert [b"/".join(part[:2]).lower() for part in found[b"BODYSTRUCTURE"][0]] == [b"text/plain", b"image/png"]
        assert found[b"BODY[1]"] == b"See the picture." and b"\\Seen" not in found[b"FLAGS"]
        client.add_flags(plain, [rb"\Flagged", b"work"])
        assert client.search(["KEYWORD", "work", "FLAGGED"]) == plain
        client.create_folder("Été/Plage")
        client.move(plain, "Été/Plage")
        assert client.search() == attached
        assert client.select_folder("Été/Plage")[b"EXISTS"] == 1
        kept = next(iter(client.fetch(client.search(), ["FLAGS", "BODY[]"]).values()))
        assert {rb"\Flagged", b"work"} <= set(kept[b"FLAGS"])
        assert without_trace(kept[b"BODY[]"]) == PLAIN


def test_imapclient_is_told_of_new_mail_while_idle(house: House, person: Person) -> None:
    with IMAPClient(HOST, house.ports["imaps"], ssl_context=house.trust(), timeout=20) as client:
        client.login(person.address, person.password)
        client.select_folder("INBOX")
        client.idle()
        person.is_sent(PLAIN)
        told = client.idle_check(timeout=20)
        client.idle_done()
    assert (1, b"EXISTS") in told

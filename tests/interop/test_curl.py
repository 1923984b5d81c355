"""curl over imap, imaps, pop3, pop3s and smtp."""

from pathlib import Path

import pytest

from .house import HOST, House, Person, need, run, without_trace
from .letters import ATTACHED, DOTS, LETTERS

pytestmark = pytest.mark.processes


def curl(person: Person, *words: str | Path) -> bytes:
    login = f"{person.address}:{person.password}"
    return run(need("curl"), "--silent", "--show-error", "--ssl-reqd", "--cacert", person.house.certificate, "--user", login, *words)


@pytest.mark.parametrize("scheme", ["imap", "imaps"])
def test_reads_over_imap(house: House, person: Person, scheme: str) -> None:
    need("curl")
    person.is_sent(*LETTERS)
    base = f"{scheme}://{HOST}:{house.ports[scheme]}/INBOX"
    letters = [curl(person, f"{base};UID={uid}") for uid in range(1, len(LETTERS) + 1)]
    assert letters == person.inbox()
    assert sorted(without_trace(letter) for letter in letters) == sorted(LETTERS)
    assert curl(person, f"{base}?SUBJECT%20dots").startswith(b"* SEARCH ")


def test_appends_over_imap(house: House, person: Person, tmp_path: Path) -> None:
    need("curl")
    (tmp_path / "letter").write_bytes(ATTACHED)
    curl(person, "--upload-file", tmp_path / "letter", f"imaps://{HOST}:{house.ports['imaps']}/INBOX")
    assert person.inbox() == [ATTACHED]


@pytest.mark.parametrize("scheme", ["pop3", "pop3s"])
def test_reads_over_pop3(house: House, person: Person, scheme: str) -> None:
    need("curl")
    person.is_sent(*LETTERS)
    base = f"{scheme}://{HOST}:{house.ports[scheme]}/"
    assert len(curl(person, base).splitlines()) == len(LETTERS)
    letters = [curl(person, f"{base}{number}") for number in range(1, len(LETTERS) + 1)]
    assert sorted(without_trace(letter) for letter in letters) == sorted(LETTERS)


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_submits(house: House, person: Person, tmp_path: Path, scheme: str) -> None:
    need("curl")
    (tmp_path / "letter").write_bytes(DOTS)
    port = house.ports["submission" if scheme == "smtp" else "submissions"]
    curl(
        person,
        "--mail-from",
        person.address,
        "--mail-rcpt",
        person.address,
        "--upload-file",
        tmp_path / "letter",
        f"{scheme}://{HOST}:{port}/me.test",
    )
    person.waits_for(1)
    assert [without_trace(letter) for letter in person.inbox()] == [DOTS]


def test_a_wrong_password_is_refused(house: House, person: Person) -> None:
    words = ("--silent", "--ssl-reqd", "--cacert", house.certificate, "--user", f"{person.address}:wrong")
    run(need("curl"), *words, f"imap://{HOST}:{house.ports['imap']}/INBOX", good=(67,))
    run(need("curl"), *words, f"pop3://{HOST}:{house.ports['pop3']}/", good=(67,))


def test_flags_moves_and_deletes_over_imap(house: House, person: Person) -> None:
    need("curl")
    person.is_sent(*LETTERS)
    before = person.inbox()
    base = f"imaps://{HOST}:{house.ports['imaps']}/"
    assert b" Archive\r\n" in curl(person, base)
    assert b"\\Flagged" in curl(person, f"{base}INBOX", "--request", "UID STORE 2 +FLAGS (\\Flagged)")
    assert curl(person, f"{base}INBOX?FLAGGED") == b"* SEARCH 2\r\n"
    curl(person, f"{base}INBOX", "--request", 'UID MOVE 3 "Archive"')
    assert curl(person, f"{base}Archive;UID=1") == before[2]
    curl(person, f"{base}INBOX", "--request", "UID STORE 4 +FLAGS (\\Deleted)")
    curl(person, f"{base}INBOX", "--request", "EXPUNGE")
    assert person.inbox() == [*before[:2], *before[4:]]


@pytest.mark.parametrize("scheme", ["imaps", "pop3s", "smtps"])
def test_a_token_in_place_of_a_password(house: House, person: Person, tmp_path: Path, scheme: str) -> None:
    """curl speaks OAUTHBEARER (RFC 7628) where it is offered; a wrong token is refused after its challenge."""
    port = house.ports["submissions" if scheme == "smtps" else scheme]
    (tmp_path / "letter").write_bytes(DOTS)
    sending = ("--mail-from", person.address, "--mail-rcpt", person.address, "--upload-file", tmp_path / "letter")
    words = (
        "--silent",
        "--ssl-reqd",
        "--cacert",
        house.certificate,
        "--user",
        f"{person.address}:",
        *(sending if scheme == "smtps" else ()),
    )
    for token, good in ((person.password, (0,)), ("wrong", (67,))):
        run(need("curl"), *words, "--oauth2-bearer", token, f"{scheme}://{HOST}:{port}/", good=good)
    if scheme == "smtps":
        person.waits_for(1)

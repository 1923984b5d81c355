"""getmail over POP3 and IMAP, keeping and deleting, each letter as it was."""

import re
from pathlib import Path

import pytest

from .house import House, Person, lf, need, run, without_trace
from .letters import ATTACHED, DOTS, EIGHT_BIT, EMPTY, LONG_LINE, PLAIN

pytestmark = pytest.mark.processes

_OWN_MARK = re.compile(rb"^X-getmail-retrieved-from-mailbox: [^\n]*\n", re.MULTILINE)
_LETTERS = (PLAIN, DOTS, EMPTY, LONG_LINE, EIGHT_BIT, ATTACHED)
"""getmail writes header lines anew, and drops a blank before a value."""

_CONFIG = """
[retriever]
type = Simple{kind}SSLRetriever
server = localhost
port = {port}
username = {user}
password = {password}
ca_certs = {certificate}

[destination]
type = MDA_external
path = {folder}/mda
allow_root_commands = true

[options]
read_all = false
delete = {delete}
delivered_to = false
received = false
verbose = 1
"""


class Getmail:
    def __init__(self, folder: Path, person: Person, kind: str, *, delete: bool) -> None:
        self.program, self.folder = need("getmail"), folder
        self.got = folder / "got"
        self.got.mkdir()
        script = folder / "mda"
        script.write_text(f'#!/bin/sh\nexec cat > "$(mktemp {self.got}/XXXXXX)"\n')
        script.chmod(0o700)
        house = person.house
        values = {"user": person.address, "password": person.password, "certificate": house.certificate}
        port = house.ports["pop3s" if kind == "POP3" else "imaps"]
        (folder / "rc").write_text(_CONFIG.format(kind=kind, port=port, folder=folder, delete=str(delete).lower(), **values))

    def run(self) -> list[bytes]:
        """What this run brought."""
        run(self.program, f"--getmaildir={self.folder}", "--rcfile=rc", HOME=str(self.folder))
        found = list(self.got.iterdir())
        letters = [_OWN_MARK.sub(b"", path.read_bytes()) for path in found]
        for path in found:
            path.unlink()
        return lf(letters)


@pytest.mark.parametrize("kind", ["POP3", "IMAP"])
def test_keeps(house: House, person: Person, tmp_path: Path, kind: str) -> None:
    getmail = Getmail(tmp_path, person, kind, delete=False)
    person.is_sent(*_LETTERS)
    before = person.inbox()
    assert getmail.run() == lf(before)
    assert getmail.run() == []
    person.is_sent(*_LETTERS[:2])
    person.waits_for(len(_LETTERS) + 2)
    assert getmail.run() == lf(person.inbox()[len(before) :])


@pytest.mark.parametrize("kind", ["POP3", "IMAP"])
def test_deletes(house: House, person: Person, tmp_path: Path, kind: str) -> None:
    getmail = Getmail(tmp_path, person, kind, delete=True)
    person.is_sent(*_LETTERS)
    before = person.inbox()
    assert sorted(without_trace(letter) for letter in before) == sorted(_LETTERS)
    assert getmail.run() == lf(before)
    assert person.inbox() == []

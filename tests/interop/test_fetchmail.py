"""fetchmail over POP3 and IMAP, keeping and deleting. It checks names in certificates, never addresses: hence localhost."""

from pathlib import Path

import pytest

from .house import House, Person, lf, need, run, without_trace
from .letters import LETTERS, TAME

pytestmark = pytest.mark.processes


class Fetchmail:
    def __init__(self, folder: Path, person: Person, protocol: str, words: str) -> None:
        self.program, self.folder = need("fetchmail"), folder
        self.got = folder / "got"
        self.got.mkdir()
        house, name = person.house, protocol.lower()
        script = folder / "mda"
        script.write_text(f'#!/bin/sh\nexec cat > "$(mktemp {self.got}/XXXXXX)"\n')
        script.chmod(0o700)
        self.rc = folder / "rc"
        self.rc.write_text(
            f"set invisible\npoll localhost protocol {protocol} port {house.ports[name]}\n"
            f'  user "{person.address}" password "{person.password}"\n'
            f'  sslproto "TLS1.2+" sslcertck sslcertfile "{house.certificate}" no rewrite {words} mda "{script}"\n'
        )
        self.rc.chmod(0o600)

    def run(self) -> list[bytes]:
        """1 is fetchmail's word for: no mail."""
        files = ("--fetchmailrc", self.rc, "--pidfile", self.folder / "pid", "--idfile", self.folder / "ids")
        run(self.program, *files, good=(0, 1), HOME=str(self.folder), FETCHMAILHOME=str(self.folder))
        letters = [path.read_bytes() for path in self.got.iterdir()]
        for path in list(self.got.iterdir()):
            path.unlink()
        return lf(letters)


@pytest.mark.parametrize("protocol", ["POP3", "IMAP"])
def test_keeps(house: House, person: Person, tmp_path: Path, protocol: str) -> None:
    fetchmail = Fetchmail(tmp_path, person, protocol, "keep")
    person.is_sent(*LETTERS)
    before = person.inbox()
    assert fetchmail.run() == lf(before)
    assert fetchmail.run() == []  # it knows them: by \Seen, or by UIDL
    person.is_sent(*TAME)
    person.waits_for(len(LETTERS) + len(TAME))
    after = person.inbox()
    assert after[: len(before)] == before
    assert fetchmail.run() == lf(after[len(before) :])


@pytest.mark.parametrize("protocol", ["POP3", "IMAP"])
def test_deletes(house: House, person: Person, tmp_path: Path, protocol: str) -> None:
    fetchmail = Fetchmail(tmp_path, person, protocol, "fetchall no keep")
    person.is_sent(*LETTERS)
    before = person.inbox()
    assert sorted(without_trace(letter) for letter in before) == sorted(LETTERS)
    assert fetchmail.run() == lf(before)
    assert person.inbox() == []

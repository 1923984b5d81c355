"""mpop over POP3: what is known is not fetched again, what is deleted goes, and a wrong password is told apart."""

from pathlib import Path

import pytest

from .house import House, Person, lf, need, run, without_trace
from .letters import LETTERS, TAME

pytestmark = pytest.mark.processes

_CONFIG = """
defaults
tls on
tls_trust_file {certificate}
uidls_file {folder}/uidls
received_header off
delivery maildir {folder}/mail

account facteur
host localhost
port {port}
tls_starttls {starttls}
user {user}
password {password}
auth {auth}
keep {keep}
"""


class Mpop:
    def __init__(self, folder: Path, person: Person, kind: str, *, keep: bool, auth: str = "on") -> None:
        self.program, self.folder = need("mpop"), folder
        for part in ("cur", "new", "tmp"):
            (folder / "mail" / part).mkdir(parents=True)
        house = person.house
        self.rc = folder / "rc"
        self.rc.write_text(
            _CONFIG.format(
                certificate=house.certificate, folder=folder, port=house.ports[kind], starttls="off" if kind == "pop3s" else "on",
                user=person.address, password=person.password, auth=auth, keep="on" if keep else "off",
            )
        )  # fmt: skip
        self.rc.chmod(0o600)

    def run(self) -> list[bytes]:
        """What this run brought."""
        run(self.program, "--file", self.rc, "--quiet", "facteur", HOME=str(self.folder))
        found = list((self.folder / "mail" / "new").iterdir())
        letters = [path.read_bytes() for path in found]
        for path in found:
            path.unlink()
        return lf(letters)


@pytest.mark.parametrize("kind", ["pop3", "pop3s"])
def test_keeps(house: House, person: Person, tmp_path: Path, kind: str) -> None:
    mpop = Mpop(tmp_path, person, kind, keep=True)
    person.is_sent(*LETTERS)
    before = person.inbox()
    assert sorted(without_trace(letter) for letter in before) == sorted(LETTERS)
    assert mpop.run() == lf(before)
    assert mpop.run() == []
    person.is_sent(*TAME)
    person.waits_for(len(LETTERS) + len(TAME))
    assert mpop.run() == lf(person.inbox()[len(before) :])


@pytest.mark.parametrize("auth", ["plain", "scram-sha-256", "user"])
def test_deletes(house: House, person: Person, tmp_path: Path, auth: str) -> None:
    mpop = Mpop(tmp_path, person, "pop3s", keep=False, auth=auth)
    person.is_sent(*LETTERS)
    before = person.inbox()
    assert mpop.run() == lf(before)
    assert person.inbox() == []


def test_what_the_server_can_do(house: House, person: Person, tmp_path: Path) -> None:
    mpop = Mpop(tmp_path, person, "pop3s", keep=True)
    told = run(mpop.program, "--file", mpop.rc, "--serverinfo", "facteur", HOME=str(tmp_path)).decode()
    for word in ("PIPELINING", "TOP", "UIDL", "USER", "PLAIN", "SCRAM-SHA-256"):
        assert word in told

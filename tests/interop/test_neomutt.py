"""NeoMutt at a terminal, its keys pushed: reads, flags, moves, deletes, appends and sends."""

import re
from pathlib import Path

import pytest
from imapclient import IMAPClient

from .house import HOST, House, Person, lf, need, without_trace
from .letters import ATTACHED, LETTERS
from .terminal import run_at_terminal

pytestmark = pytest.mark.processes

_OWN_MARKS = re.compile(rb"^(?:Content-Length|Lines): \d+\n", re.MULTILINE)

_CONFIG = """
set folder = "imaps://localhost:{imaps}/"
set spoolfile = "+INBOX"
set imap_user = "{user}"
set imap_pass = "{password}"
set imap_authenticators = "{auth}"
set ssl_force_tls = yes
set certificate_file = "{certificate}"
set ssl_verify_host = yes
set mbox_type = Maildir
set smtp_url = "smtps://{user}@localhost:{submissions}/"
set smtp_pass = "{password}"
set from = "{user}"
set realname = "Ann"
set record = ""
set move = no
set delete = yes
set quit = yes
set mark_old = no
set confirmappend = no
set confirmcreate = no
set wait_key = no
set fast_reply = yes
set abort_unmodified = no
set editor = "true"
set edit_headers = no
set imap_idle = yes
"""


class Neomutt:
    def __init__(self, folder: Path, person: Person, auth: str = "plain") -> None:
        self.program, self.folder = need("neomutt"), folder
        ports = person.house.ports
        values = {"user": person.address, "password": person.password, "certificate": person.house.certificate, "auth": auth}
        (folder / "rc").write_text(_CONFIG.format(imaps=ports["imaps"], submissions=ports["submissions"], **values))

    def press(self, keys: str, folder: str = "+INBOX") -> str:
        """Keys as NeoMutt names them; it is left at the end."""
        words = ("-n", "-F", self.folder / "rc", "-f", folder, "-e", f"push '{keys}<quit>'")
        return run_at_terminal(self.program, *words, home=self.folder)


def files(folder: Path) -> list[bytes]:
    return sorted(_OWN_MARKS.sub(b"", path.read_bytes()) for part in ("new", "cur") for path in (folder / part).iterdir())


def read_folder(person: Person, name: str) -> list[bytes]:
    with IMAPClient(HOST, person.house.ports["imaps"], ssl_context=person.house.trust(), timeout=20) as client:
        client.login(person.address, person.password)
        client.select_folder(name, readonly=True)
        uids = client.search()
        return [one[b"BODY[]"] for one in client.fetch(uids, ["BODY.PEEK[]"]).values()] if uids else []


@pytest.mark.parametrize("auth", ["plain", "login"])
def test_copies_everything_as_it_is(house: House, person: Person, tmp_path: Path, auth: str) -> None:
    neomutt = Neomutt(tmp_path, person, auth)
    person.is_sent(*LETTERS)
    neomutt.press(f"<tag-pattern>~A<enter><tag-prefix><copy-message>{tmp_path}/copy<enter>")
    assert files(tmp_path / "copy") == lf(person.inbox())


def test_flags_moves_and_deletes(house: House, person: Person, tmp_path: Path) -> None:
    neomutt = Neomutt(tmp_path, person)
    person.is_sent(*LETTERS)
    before = {letter.split(b"Subject: ")[1].split(b"\r\n")[0]: letter for letter in person.inbox()}
    neomutt.press(
        "<search>~s dots<enter><flag-message>"
        "<search>~s white<enter><save-message>=Archive<enter>"
        "<search>~s empty<enter><delete-message>"
        "<search>~s attached<enter><set-flag>r"
        "<sync-mailbox>"
    )
    assert sorted(person.inbox()) == sorted(letter for name, letter in before.items() if name not in (b"white", b"empty"))
    assert read_folder(person, "Archive") == [before[b"white"]]
    with IMAPClient(HOST, house.ports["imaps"], ssl_context=house.trust(), timeout=20) as client:
        client.login(person.address, person.password)
        client.select_folder("INBOX", readonly=True)
        assert len(client.search(["FLAGGED", "SUBJECT", "dots"])) == len(client.search(["FLAGGED"])) == 1
        assert len(client.search(["ANSWERED", "SUBJECT", "attached"])) == len(client.search(["ANSWERED"])) == 1


def test_appends_what_is_here(house: House, person: Person, tmp_path: Path) -> None:
    neomutt = Neomutt(tmp_path, person)
    for part in ("cur", "new", "tmp"):
        (tmp_path / "here" / part).mkdir(parents=True)
    (tmp_path / "here" / "new" / "1700000000.1_1.me").write_bytes(ATTACHED.replace(b"\r\n", b"\n"))
    neomutt.press("<tag-pattern>~A<enter><tag-prefix><copy-message>=Archive<enter>", folder=str(tmp_path / "here"))
    assert [_OWN_MARKS.sub(b"", letter.replace(b"\r\n", b"\n")) for letter in read_folder(person, "Archive")] == lf([ATTACHED])


def test_searches_and_sends(house: House, person: Person, tmp_path: Path) -> None:
    neomutt = Neomutt(tmp_path, person)
    person.is_sent(*LETTERS)
    # "=b" asks the server (RFC 3501 SEARCH BODY).
    drawn = neomutt.press(f"<limit>=b hidden<enter><limit>all<enter><mail>{person.address}<enter>Sent by keys<enter><send-message>")
    assert "dots" in drawn
    person.waits_for(len(LETTERS) + 1)
    sent = without_trace(next(letter for letter in person.inbox() if b"Subject: Sent by keys" in letter))
    assert f"From: Ann <{person.address}>".encode() in sent

"""A real Dovecot is collected from and moved from; what arrives is compared message by message."""

import os
import pwd
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from imapclient import IMAPClient

from mailcore.directory.models import Mailbox
from mailcore.kernel import flags as flag_bits
from mailcore.retrieval import transfers
from mailcore.retrieval.models import Transfer
from mailcore.store import checking
from tests.builders import message

from .cast import bodies, kept, make, run, subjects
from .fakes import HOST, FakePop3
from .test_transferring import counts, go_on

COUNT = 300
FOLDERS = (
    "INBOX", "INBOX.Sent", "INBOX.Travail.Été 2024", "INBOX.日本語", 'INBOX.a "quoted" \\ name', "INBOX.per%cent*star", "INBOX.R&D",
    "INBOX.Deep.er.and.er",
)  # fmt: skip
CONFIG = """
base_dir = {run}
state_dir = {run}
log_path = {data}/dovecot.log
protocols = imap pop3
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_master_user_separator = *
first_valid_uid = 1
mail_location = maildir:~/Maildir
passdb {{
  driver = static
  args = password=masterpw allow_nets=127.0.0.0/8
  master = yes
  default_fields = user=%u
}}
passdb {{
  driver = static
  args = password=pw
}}
userdb {{
  driver = static
  args = uid={user} gid={user} home={data}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = .
  prefix = INBOX.
  mailbox Sent {{
    special_use = \\Sent
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
"""


@dataclass(frozen=True)
class Dovecot:
    imap: int
    pop3: int

    def log_in(self, name: str) -> IMAPClient:
        client = IMAPClient(HOST, self.imap, ssl=False, timeout=30)
        client.login(name, "pw")
        return client


def free_port() -> int:
    with socket.create_server((HOST, 0)) as made:
        return int(made.getsockname()[1])


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    program = shutil.which("dovecot", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("dovecot is not installed")
    for service in ("imap", "pop3"):
        if not Path("/usr/lib/dovecot", service).exists():
            pytest.skip(f"dovecot-{service}d is not installed")
    if os.geteuid() != 0:
        pytest.skip("dovecot is started by root only")
    data = Path(tempfile.mkdtemp(prefix="retrieval-dovecot-"))
    data.chmod(0o755)
    user = pwd.getpwnam("mail")
    for name in ("run", "mail"):
        (data / name).mkdir(mode=0o755)
    os.chown(data / "mail", user.pw_uid, user.pw_gid)
    found = Dovecot(free_port(), free_port())
    config = data / "dovecot.conf"
    config.write_text(CONFIG.format(run=data / "run", data=data, user="mail", imap=found.imap, pop3=found.pop3))
    process = subprocess.Popen([program, "-F", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(found.imap, data / "dovecot.log")
        yield found
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(data, ignore_errors=True)


def wait_for(port: int, log: Path) -> None:
    for _ in range(100):
        try:
            socket.create_connection((HOST, port), timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"dovecot did not start: {log.read_text() if log.exists() else 'no log'}")


def fill(client: IMAPClient) -> None:
    chance = random.Random(7)
    for name in FOLDERS[1:]:
        client.create_folder(name)
    client.subscribe_folder(FOLDERS[2])
    for number in range(COUNT):
        body = "\r\n".join(f"{chance.random()} é" for _ in range(chance.randrange(40))) + "\r\n"
        extra = [("X-Long", "x" * 900)] if number % 10 == 0 else []
        raw = message(subject=f"Letter {number}", message_id=f"<{number % 290}@there.test>", text=body, extra=extra)
        flags = [name for name in ("\\Seen", "\\Answered", "\\Flagged", "\\Draft", "$Forwarded", "work") if chance.random() < 0.3]
        date = datetime.fromtimestamp(1_000_000_000 + number * 86_400, UTC)
        client.append(FOLDERS[number % len(FOLDERS)], raw, flags, date)


def read(client: IMAPClient, name: str) -> list[tuple[bytes, int, frozenset[str], int]]:
    client.select_folder(name, readonly=True)
    client.normalise_times = False
    found = client.fetch(client.search("ALL"), ["BODY.PEEK[]", "FLAGS", "INTERNALDATE"])
    rows = []
    for _, items in sorted(found.items()):
        texts = {flag.decode() for flag in items[b"FLAGS"]}
        bits = sum(bit for flag, bit in flag_bits.BY_NAME.items() if flag in texts)
        keywords = frozenset(text for text in texts if not text.startswith("\\"))
        rows.append((items[b"BODY[]"], bits, keywords, int(items[b"INTERNALDATE"].timestamp())))
    return rows


def here(mailbox: Mailbox, folder: str) -> list[tuple[bytes, int, frozenset[str], int | None]]:
    return [(one.raw, one.flags, one.keywords, one.internaldate) for one in kept(mailbox, folder)]


def bring(dovecot: Dovecot, login: str, secret: str = "pw", login_as: str = "") -> Transfer:
    wanted = transfers.Wanted(
        address="ann@here.test", host=HOST, port=dovecot.imap, login=login, secret=secret, security="none", login_as=login_as
    )
    [transfer] = transfers.ask_for([wanted])
    return go_on(transfer)


def test_an_account_is_moved_message_by_message(dovecot: Dovecot, ann: Mailbox) -> None:
    client = dovecot.log_in("mover")
    fill(client)
    started = time.process_time()
    transfer = bring(dovecot, "mover")
    spent = time.process_time() - started
    print(f"{COUNT / spent:.0f} messages a second of CPU time")
    assert (transfer.state, transfer.last_text) == ("done", "")
    places = {row.shown: row.target for row in transfers.list_folders(transfer)}
    assert places["INBOX.Sent"] == "Sent"
    assert places["INBOX.Travail.Été 2024"] == "Travail/Été 2024"
    for name in FOLDERS:
        assert here(ann, places[name]) == read(client, name), name
    assert counts(transfer).here == counts(transfer).there == COUNT
    client.select_folder("INBOX")
    client.add_flags(client.search("ALL")[:5], ["\\Deleted", "later"])
    client.append(FOLDERS[3], message(subject="New", message_id="<new@there.test>"))
    again = bring(dovecot, "mover")
    assert (counts(again).copied, counts(again).changed, counts(again).already) == (1, 5, COUNT)
    for name in FOLDERS:
        assert here(ann, places[name]) == read(client, name), name
    assert checking.check_mail() == []
    client.logout()


def test_a_master_user_moves_the_mail_of_another(dovecot: Dovecot, ann: Mailbox) -> None:
    client = dovecot.log_in("owner")
    client.append("INBOX", message(subject="Mine"))
    client.logout()
    transfer = bring(dovecot, "master", "masterpw", login_as="owner")
    assert (transfer.state, transfer.last_text) == ("done", "")
    assert subjects(ann) == ["Subject: Mine"]


@pytest.mark.parametrize("protocol", ["pop3", "imap"])
def test_new_mail_is_collected_and_deleted_there(dovecot: Dovecot, ann: Mailbox, protocol: str) -> None:
    name = f"collected-{protocol}"
    client = dovecot.log_in(name)
    raws = [message(subject=f"Letter {number}", message_id=f"<{number}@x>", text=f".dot\r\n{number}\r\n") for number in range(30)]
    for raw in raws:
        client.append("INBOX", raw)
    server = FakePop3([])
    server.close()
    account = make(ann, server, protocol=protocol, port=getattr(dovecot, protocol), login=name, keep="delete")
    found = run(account)
    assert (account.fault, found.collected, found.removed) == ("", 30, 30)
    assert all(any(one.endswith(raw) for one in bodies(ann)) for raw in raws)
    assert client.select_folder("INBOX")[b"EXISTS"] == 0
    assert run(account).collected == 0
    assert len(bodies(ann)) == 30
    client.logout()


def test_a_wrong_password_is_said_to_be_wrong(dovecot: Dovecot, ann: Mailbox) -> None:
    for protocol in ("pop3", "imap"):
        server = FakePop3([])
        server.close()
        account = make(ann, server, protocol=protocol, port=getattr(dovecot, protocol), login="x", secret="wrong")
        run(account)
        assert account.fault == "login", account.last_text

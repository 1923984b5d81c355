"""A real Exim as the neighbour: from a private configuration, in folders of its own, on free ports of this machine.

It is `exim4` of the path, or the program that EXIM names (one unpacked from a package will do). Exim insists on its
own user: where this machine has none, it gets one in a namespace that nobody else sees, which only root can make.
"""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delivery.test_remote import make_context
from tests.flows.facteur import wait_until

USER, UID = "Debian-exim", 65_533
CONFIGURATION = """
primary_hostname = mx.exim.test
exim_path = {program}
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/exim.pid
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
deliver_drop_privilege
tls_advertise_hosts = *
tls_certificate = {folder}/sink.pem
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
message_size_limit = 50M
queue_run_in_order
acl_smtp_rcpt = take
acl_smtp_data = take
begin acl
take:
  accept
begin routers
here:
  driver = accept
  domains = exim.test
  transport = folder
there:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = facteur
begin transports
folder:
  driver = appendfile
  directory = {folder}/mail
  envelope_to_add
  maildir_format
  user = {user}
facteur:
  driver = smtp
  port = {back}
  allow_localhost
  hosts_require_tls = *
  tls_try_verify_hosts = :
begin retry
* * F,1h,5s
"""


class Exim:
    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port

    def letters(self, local: str) -> list[bytes]:
        mark = f"Envelope-to: {local}@exim.test\n".encode()
        return [raw for one in sorted((self.folder / "mail" / "new").glob("*")) if mark in (raw := one.read_bytes())]


def serve(folder: Path, back: int) -> Iterator[Exim]:
    program = os.environ.get("EXIM") or shutil.which("exim4") or shutil.which("exim")
    if program is None:
        pytest.skip("exim4 is not installed (and EXIM does not name one)")
    if os.geteuid() != 0:
        pytest.skip("Exim is started as root only")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    make_context(folder)
    for name in ("spool", "log", "mail"):
        (folder / name).mkdir()
    words = {"program": program, "folder": folder, "port": port, "back": back, "user": USER}
    (folder / "exim.conf").write_text(CONFIGURATION.format(**words))
    uid, command = _prepare(folder, [program, "-C", str(folder / "exim.conf"), "-bdf"])
    for path in (folder, *folder.rglob("*")):
        # Exim trusts no configuration that its own user can write.
        os.chown(path, 0 if path.suffix == ".conf" else uid, 0)
    for path in (folder, *list(folder.parents)[:2]):
        path.chmod(path.stat().st_mode | 0o755)
    with (folder / "said").open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as running:
        try:
            wait_until(lambda: running.poll() is not None or _answers(port), 15, "Exim")
            if running.poll() is not None:
                pytest.skip(f"Exim does not start here: {(folder / 'said').read_text()[:300]}")
            yield Exim(folder, port)
        finally:
            running.terminate()


def _prepare(folder: Path, command: list[str]) -> tuple[int, list[str]]:
    try:
        return pwd.getpwnam(USER).pw_uid, command
    except KeyError:
        pass
    lines = {"passwd": f"{USER}:x:{UID}:{UID}::/nonexistent:/usr/sbin/nologin\n", "group": f"{USER}:x:{UID}:\n"}
    for name, line in lines.items():
        (folder / name).write_text(Path("/etc", name).read_text() + line)
    mounts = " && ".join(f"mount --bind {folder}/{name} /etc/{name}" for name in lines)
    return UID, ["unshare", "-m", "sh", "-c", f'{mounts} && exec "$@"', "exim", *command]


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as line:
            return line.recv(3) == b"220"
    except OSError:
        return False

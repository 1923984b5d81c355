"""The peers of a comparison, when Debian's packages are there: Dovecot in two profiles, Postfix in front of it, Roundcube on it."""

import os
import shutil
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).parent / "peers"
MAIL_PACKAGES = "dovecot-imapd dovecot-lmtpd dovecot-pop3d dovecot-sieve postfix"
WEB_PACKAGES = "nginx-light php8.2-fpm php-sqlite3 roundcube-core roundcube-sqlite3"


@dataclass(frozen=True, slots=True)
class Peer:
    name: str
    domain: str
    imap_port: int
    pidfile: Path
    web_port: int
    """Of the Roundcube that reads it."""
    smtp_port: int = 21025


def missing(*programs: str) -> list[str]:
    """What a comparison needs and this machine lacks."""
    wants = [name for name in programs if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None]
    return wants if os.geteuid() == 0 else [*wants, "root"]


class Peers:
    """Running peers, with a data folder that goes with them."""

    def __init__(self, data: Path, *, with_web: bool) -> None:
        self._environ = {**os.environ, "PEERS_DATA": str(data), "PATH": f"{os.environ['PATH']}:/usr/sbin"}
        self._scripts = [("dovecot.sh", "maildir"), ("dovecot.sh", "sdbox"), ("postfix.sh",), *([("web.sh",)] if with_web else [])]
        self._running = ExitStack()
        self.all = tuple(
            Peer(f"dovecot-{profile}", f"{profile}.test", imap_port, data / f"dovecot-{profile}" / "run" / "master.pid", web_port)
            for profile, imap_port, web_port in (("maildir", 21143, 21080), ("sdbox", 22143, 21082))
        )

    def _run(self, *words: str) -> None:
        subprocess.run(["bash", str(SCRIPTS / words[0]), *words[1:]], env=self._environ, check=True, timeout=120, stdout=subprocess.DEVNULL)

    def __enter__(self) -> "Peers":
        with self._running:
            for words in self._scripts:
                self._running.callback(self._run, *words, "stop")
                self._run(*words, "start")
            self._running = self._running.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

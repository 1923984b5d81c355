"""The peers of a comparison: Dovecot in two profiles and Postfix in front of it, when Debian's packages are there."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).parent / "peers"


@dataclass(frozen=True, slots=True)
class Peer:
    name: str
    imap_port: int
    domain: str
    smtp_port: int = 21025


MAILDIR = Peer("dovecot-maildir", 21143, "maildir.test")
SDBOX = Peer("dovecot-sdbox", 22143, "sdbox.test")


def missing() -> list[str]:
    """What a comparison needs and this machine lacks."""
    wants = [name for name in ("dovecot", "postfix") if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None]
    return wants if os.geteuid() == 0 else [*wants, "root"]


class Peers:
    """Running peers, with a data folder that goes with them."""

    def __init__(self, data: Path) -> None:
        self.environment = {**os.environ, "PEERS_DATA": str(data), "PATH": f"{os.environ['PATH']}:/usr/sbin"}

    def _run(self, script: str, *words: str) -> None:
        subprocess.run(["bash", str(SCRIPTS / script), *words], env=self.environment, check=True, timeout=120, stdout=subprocess.DEVNULL)

    def __enter__(self) -> "Peers":
        self._run("dovecot.sh", "maildir", "start")
        self._run("dovecot.sh", "sdbox", "start")
        self._run("postfix.sh", "start")
        return self

    def __exit__(self, *_: object) -> None:
        self._run("postfix.sh", "stop")
        self._run("dovecot.sh", "sdbox", "stop")
        self._run("dovecot.sh", "maildir", "stop")

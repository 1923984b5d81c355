"""A PostgreSQL of one's own, in a temporary folder, gone with its context.

As a program it runs a command with FACTEUR_DATABASE_URL naming such a server, or the one that is
given already: `python -m tests.postgres pytest tests/store`. PostgreSQL refuses to run as root; there it runs as nobody.
"""

import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.sql import SQL, Identifier

_PROGRAMS = ("initdb", "pg_ctl", "postgres", "pg_dump", "pg_restore")
_SHELVES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin")
"""Where distributions keep the server's programs, which are not on PATH."""
_OPTIONS = "fsync=off", "full_page_writes=off", "max_connections=200", "unix_socket_directories=''", "listen_addresses=127.0.0.1"
"""The data is thrown away: nothing of it has to outlive the machine."""


def find_programs() -> Path | None:
    """The folder of the newest server there is; None where there is none."""
    for shelf in _SHELVES:
        for folder in sorted(Path("/").glob(shelf.lstrip("/")), key=_version, reverse=True):
            if _is_complete(folder):
                return folder
    initdb = shutil.which("initdb")
    folder = Path(initdb).resolve().parent if initdb else None
    return folder if folder is not None and _is_complete(folder) else None


def _version(folder: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", folder.parent.name)]


def _is_complete(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in _PROGRAMS)


def make_database(url: str, name: str) -> str:
    """A new, empty database beside the one of this URL; its own URL."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    return urlsplit(url)._replace(path=f"/{name}").geturl()


class Cluster:
    """As a context: `url(name)` names a new, empty database in it."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._password = secrets.token_hex(16)
        self._folder = Path()
        self._port = 0

    def __enter__(self) -> "Cluster":
        self._folder = Path(tempfile.mkdtemp(prefix="facteur-postgres-"))
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if (self._folder / "data" / "postmaster.pid").exists():
            self._run("pg_ctl", "stop", "-D", str(self._folder / "data"), "-m", "immediate")
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, name: str) -> str:
        return make_database(f"postgresql://facteur:{self._password}@127.0.0.1:{self._port}/postgres", name)

    def _start(self) -> None:
        secret = self._folder / "password"
        secret.write_text(self._password)
        secret.chmod(0o600)
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            for path in (self._folder, secret):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        data = str(self._folder / "data")
        self._run("initdb", "-D", data, "-U", "facteur", "-A", "scram-sha-256", "--pwfile", str(secret), "-E", "UTF8", "--locale=C.UTF-8")
        with socket.create_server(("127.0.0.1", 0)) as made:
            self._port = made.getsockname()[1]
        options = " ".join(f"-c {option}" for option in (*_OPTIONS, f"port={self._port}"))
        self._run("pg_ctl", "start", "-w", "-D", data, "-l", str(self._folder / "log"), "-o", options)

    def _run(self, program: str, *arguments: str) -> None:
        identity: dict[str, Any] = {}
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        done = subprocess.run(
            [str(self._programs / program), *arguments], cwd=self._folder, check=False, **identity,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        if done.returncode:
            log = self._folder / "log"
            raise RuntimeError(f"{program} failed in {self._folder}: {log.read_text()[-2000:] if log.exists() else done.returncode}")


def main(command: list[str]) -> int:
    if os.environ.get("FACTEUR_DATABASE_URL"):
        return subprocess.run(command, check=False).returncode
    programs = find_programs()
    if programs is None:
        print("No PostgreSQL server was found. Install one (apt-get install postgresql), or set", file=sys.stderr)
        print("FACTEUR_DATABASE_URL=postgresql://user:password@host/name.", file=sys.stderr)
        return 2
    with Cluster(programs) as cluster:
        given = {"FACTEUR_DATABASE_URL": cluster.url("facteur"), "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
        return subprocess.run(command, env=os.environ | given, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

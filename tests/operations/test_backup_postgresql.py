"""The same drill on PostgreSQL, with pg_dump: all of it, one mailbox, one domain. Each command is a process, as an operator runs it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.environment import BASE
from tests.postgres import Cluster, find_programs

PROGRAMS = find_programs()
pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(PROGRAMS is None, reason="no PostgreSQL server is installed (initdb, pg_ctl, postgres, pg_dump)"),
]
ODD = b"Subject: tab\tand back\\slash\r\n\r\n\\N \\. \x00\r\n"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    assert PROGRAMS is not None
    with Cluster(PROGRAMS) as made:
        yield made


class House:
    """A data folder and a database, and what an operator types."""

    def __init__(self, data: Path, url: str) -> None:
        self.data = data
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("FACTEUR_")}
        self.environ |= {"FACTEUR_DATA": str(data), "FACTEUR_DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"}
        self.environ["PATH"] = f"{PROGRAMS}{os.pathsep}{self.environ['PATH']}"

    def run(self, *arguments: str | Path, given: str = "", fails: bool = False) -> str:
        command = [sys.executable, "manage.py", str(arguments[0]), "--skip-checks", *map(str, arguments[1:])]
        done = subprocess.run(command, cwd=BASE, env=self.environ, input=given, capture_output=True, text=True, check=False)
        assert bool(done.returncode) == fails, done.stderr
        return done.stderr if fails else done.stdout

    def export(self, address: str, path: Path) -> list[bytes]:
        self.run("export", address, path, "--form", "eml")
        return sorted(file.read_bytes() for file in path.rglob("*.eml"))


def letter(number: int) -> bytes:
    return f"Message-ID: <{number}@here.test>\r\nSubject: letter {number}\r\n\r\nbody {number}\r\n".encode()


def test_the_drill(cluster: Cluster, tmp_path: Path) -> None:
    house = House(tmp_path / "data", cluster.url("house"))
    house.run("migrate", "--verbosity", "0")
    house.run("domain", "add", "here.test")
    for name, letters in (("ann", [letter(1), letter(2), ODD]), ("bo", [letter(3)])):
        house.run("mailbox", "add", f"{name}@here.test", "--password-stdin", given="correct horse battery\n")
        (tmp_path / name).mkdir()
        for position, raw in enumerate(letters):
            (tmp_path / name / f"{position}.eml").write_bytes(raw)
        house.run("import", f"{name}@here.test", tmp_path / name)
    ann, bo = house.export("ann@here.test", tmp_path / "ann-before"), house.export("bo@here.test", tmp_path / "bo-before")
    assert (len(ann), len(bo)) == (3, 1)
    backup = tmp_path / "backup"
    house.run("backup", backup)
    assert "can be restored" in house.run("backup", backup, "--verify")

    # One mailbox, that has lost everything; then a domain of which one mailbox is gone.
    house.run("mailbox", "remove", "ann@here.test")
    assert "ann@here.test was gone" in house.run("restore", backup, "--domain", "here.test")
    assert house.export("ann@here.test", tmp_path / "ann-domain") == ann
    assert "0 messages restored, 3 were there already." in house.run("restore", backup, "--mailbox", "ann@here.test")
    assert "3 messages restored" in house.run("restore", backup, "--mailbox", "ann@here.test", "--into", "bo@here.test")
    assert house.export("bo@here.test", tmp_path / "bo-into") == sorted([*ann, *bo])

    # Everything, on a new machine with a new database.
    new = House(tmp_path / "new", cluster.url("new"))
    assert "not empty" in House(tmp_path / "other", house.environ["FACTEUR_DATABASE_URL"]).run(
        "restore", backup, tmp_path / "other", fails=True
    )
    new.run("restore", backup, tmp_path / "new")
    assert new.run("check_mail") == "All mail is as it should be.\n"
    assert new.export("ann@here.test", tmp_path / "ann-new") == ann
    assert new.export("bo@here.test", tmp_path / "bo-new") == bo

    # A dump that was damaged is not read.
    dump = next(backup.glob("snapshots/*/database.dump"))
    dump.write_bytes(dump.read_bytes()[:-10])
    assert "damaged" in house.run("restore", backup, "--mailbox", "ann@here.test", fails=True)

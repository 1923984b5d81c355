"""The same conditions asked of Pigeonhole's sieve-test, where it is installed: its answers and ours agree."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from mailcore.sieve.writing import write_strings

from . import test_core, test_extensions
from .desk import MIXED, PLAIN, decide

PROGRAM = shutil.which("sieve-test")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="sieve-test (dovecot-sieve) is not installed")

NEEDS = "fileinto body relational comparator-i;ascii-numeric subaddress envelope date index mime foreverypart variables regex imap4flags"
_REQUIRE = f"require {write_strings(NEEDS.split())};\n"
MAX_ACTIONS = 30
"""Its own limit is 32."""
ACTIONS = [
    'if header :matches "subject" "* order ????*" { fileinto "${1}-${2}${3}${4}${5}"; }',
    'set :upperfirst :lower "a" "jOHN"; fileinto "${a}";',
    'set :length "a" "héllo"; fileinto "${a}";',
    'set :quotewildcard "a" "R?o*"; fileinto "${a}";',
    'if header :regex "subject" "order ([0-9]+)" { fileinto "n${1}"; }',
    'if anyof (false, header :regex "from" "^bo .*<(.*)@(.*)>$") { fileinto "${1} at ${2}"; }',
    'if header :matches "list-id" "*<*.*>" { fileinto "${2}"; }',
    'if header :matches ["to", "cc"] "*@home.example*" { fileinto "x${1}"; } fileinto "y";',
    'setflag "\\\\Seen"; addflag "a b"; removeflag "A"; if hasflag :count "eq" "2" { fileinto "two"; }',
    'addflag "v" "x"; addflag "v" ["y", "z"]; if hasflag "v" "y" { fileinto "${v}"; }',
    'if true { fileinto "a"; stop; } fileinto "b";',
    'if false { fileinto "a"; } elsif true { fileinto "b"; } else { fileinto "c"; }',
    'set "i" ""; foreverypart { set "i" "${i}x"; } fileinto "${i}";',
    'foreverypart { if header :mime :type "content-type" "text" { fileinto "text"; break; } }',
    'foreverypart :name "o" { foreverypart { fileinto "in"; break :name "o"; } }',
]


@pytest.fixture
def oracle() -> Iterator[Any]:
    with TemporaryDirectory(prefix="pigeonhole-") as name:
        yield from _make_oracle(Path(name))


def _make_oracle(folder: Path) -> Iterator[Any]:
    home = folder / "home"
    home.mkdir()
    ids = (65_534, 65_534) if os.getuid() == 0 else (os.getuid(), os.getgid())
    if os.getuid() == 0:
        # It refuses to work as root, and writes the compiled script beside the text.
        for owned in (folder, home):
            os.chown(owned, *ids)
    (folder / "dovecot.conf").write_text(
        f"base_dir={folder}/run\nmail_uid={ids[0]}\nmail_gid={ids[1]}\nfirst_valid_uid=0\nmail_home={home}\n"
        f"mail_location=maildir:{home}/mail\nssl=no\n"
    )

    def ask(script: str, raw: bytes) -> list[str]:
        (folder / "x.sieve").write_text(script)
        (folder / "x.eml").write_bytes(raw)
        words = [str(PROGRAM), "-c", str(folder / "dovecot.conf"), "-f", "bounces@shop.example", "-r", "ann+orders@home.example"]
        done = subprocess.run(
            [*words, "-a", "ann+orders@home.example", str(folder / "x.sieve"), str(folder / "x.eml")],
            capture_output=True, text=True, timeout=60, check=False, env=os.environ | {"TZ": "UTC"},
        )  # fmt: skip
        if "drop privileges" in done.stderr or "Permission denied" in done.stderr:
            pytest.skip(f"sieve-test cannot run here: {done.stderr[-300:]}")
        assert done.returncode == 0, done.stderr
        return [found.rstrip() for found in re.findall(r"store message in folder: (.*)", done.stdout)]

    yield ask


def conditions() -> list[tuple[str, bytes]]:
    plain = [test_core.test_tests_of_the_base, test_core.test_subaddress, test_core.test_relational_and_numeric, test_extensions.test_date]
    mixed = [test_extensions.test_body, test_extensions.test_mime]
    found = [(row[0], PLAIN) for one in plain for row in rows(one)] + [(row[0], MIXED) for one in mixed for row in rows(one)]
    found += [(row[0], test_extensions.TWICE) for row in rows(test_extensions.test_index)]
    return [(test, raw) for test, raw in found if "currentdate" not in test]


def rows(function: Any) -> list[tuple[str, bool]]:
    (mark,) = [mark for mark in function.pytestmark if mark.name == "parametrize"]
    return list(mark.args[1])


@pytest.mark.parametrize("raw", [PLAIN, MIXED, test_extensions.TWICE], ids=["plain", "mixed", "twice"])
def test_conditions_agree(oracle: Any, raw: bytes) -> None:
    tests = [test for test, about in conditions() if about is raw]
    assert len(tests) >= 7
    differing: set[str] = set()
    for start in range(0, len(tests), MAX_ACTIONS):
        part = tests[start : start + MAX_ACTIONS]
        script = _REQUIRE + "\n".join(f'if {test} {{ fileinto "t{index}"; }}' for index, test in enumerate(part))
        mine = {line.removeprefix("into ") for line in decide(script, raw) if line.startswith("into ")}
        theirs = set(oracle(script, raw)) - {"INBOX"}
        differing |= {part[int(name[1:])] for name in mine ^ theirs}
    assert not differing


@pytest.mark.parametrize("body", ACTIONS)
def test_variables_and_loops_agree(oracle: Any, body: str) -> None:
    raw = MIXED if "foreverypart" in body else PLAIN
    script = _REQUIRE + body
    mine = [line.split(" \\")[0].removeprefix("into ") for line in decide(script, raw) if line.startswith("into ")]
    theirs = [name for name in oracle(script, raw) if name != "INBOX"]
    assert [name.split(" b")[0] for name in mine] == [name.split(" b")[0] for name in theirs]

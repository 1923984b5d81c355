"""The same recipes given to procmail itself, where it is installed: it files where the converted script files."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mailcore.filtering.procmail.converting import convert
from tests.sieve.desk import PLAIN, decide

PROGRAM = shutil.which("procmail")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="procmail is not installed")

CONDITIONS = [
    "^Subject:.*order",
    "^subject:.*ORDER 1234",
    "^Subject: Your",
    "^Subject:[ ]*Your",
    "^Subject: order",
    "^Subject:.*way$",
    "^Subject:.*Your$",
    "^Subject:.*order.*way",
    "^Subject:.*way.*order",
    "^Subject:.*order [0-9]+ ",
    "^Subject:.*(invoice|order)",
    "! ^Subject:.*order",
    "^(From|Sender):.*shop\\.example",
    "^From:.*shopXexample",
    "^From:.*bo@",
    "^TO_team@home\\.example",
    "^TO_nobody@home\\.example",
    "^TO_cy@",
    "^List-Id:",
    "^List-Id:.*<orders",
    "^X-None:",
    "^X-Priority: [1-2]",
    "^X-Priority:.*3",
    "> 100",
    "< 100",
    "< 100000",
    "B ?? left today",
    "B ?? ^Track.*example",
    "B ?? ^today",
    "B ?? today\\.$",
    "^FROM_MAILER",
    "^Subject:.*\\<order\\>",
    "^Subject:.*\\<rder\\>",
]
RECIPES = [
    ":0\nwork/\n",
    ":0 c\nbackup/\n\n:0\nwork/\n",
    ":0\n* ^Subject:.*none\nA/\n:0E\nB/\n",
    ":0\n* ^Subject:.*order\nA/\n:0E\nB/\n",
    ":0\n* ^Subject:.*order\n{\n  :0 c\n  copy/\n  :0\n  work/\n}\n:0\nother/\n",
    ":0\n* ^Subject:.*none\n{\n  :0\n  work/\n}\n:0\nother/\n",
    ":0 c\n* ^Subject:.*order\ncopy/\n:0 A\nwork/\n",
    ":0 c\n* ^Subject:.*none\ncopy/\n:0 A\nwork/\n",
    ":0 c\n* ^Subject:.*order\ncopy/\n:0 E\n* ^Subject:\nelse1/\n:0 E\nelse2/\n",
    ":0 c\n* ^Subject:.*none\ncopy/\n:0 E\n* ^Subject:\nelse1/\n:0 E\nelse2/\n",
    ":0 c\n* ^Subject:.*none\ncopy/\n:0 E c\n* ^Subject:\nelse1/\n:0 E\nelse2/\n",
    ":0\n* ^Subject:.*order\n* ^From:.*shop\nboth/\n",
    ":0 D\n* ^Subject:.*ORDER\nx/\n",
    "WORD=order\n:0\n* $ ^Subject:.*$WORD\nwork/\n",
    "LISTS=lists\n:0\n* ^List-Id:\n${LISTS}/\n",
    ":0\n* ^Subject:.*order\n* ! ^From:.*nobody\n* > 10\nall/\n",
    ":0\n/dev/null\n",
]


@pytest.mark.parametrize("recipes", RECIPES)
def test_procmail_decides_as_the_script_does(recipes: str, tmp_path: Path) -> None:
    assert _by_procmail(recipes, tmp_path) == _by_script(recipes, tmp_path)


def test_conditions_fit_where_procmail_says_they_do(tmp_path: Path) -> None:
    recipes = "".join(f":0 c\n* {condition}\nhit{number}/\n" for number, condition in enumerate(CONDITIONS))
    theirs, mine = _by_procmail(recipes, tmp_path), _by_script(recipes, tmp_path)
    assert {CONDITIONS[int(name[3:])] for name in (theirs ^ mine) - {"INBOX"}} == set()
    assert 10 < len(theirs) < len(CONDITIONS), "some fit and some do not"


def _by_script(recipes: str, folder: Path) -> set[str]:
    conversion = convert(recipes, home=str(folder))
    assert not [remark for remark in conversion.remarks if remark.is_lost], conversion
    names = {"implicit": "INBOX", "keep": "INBOX"}
    return {names.get(line, line.removeprefix("into ")) for line in decide(conversion.script) if line != "discard"}


def _by_procmail(recipes: str, folder: Path) -> set[str]:
    mail = folder / "mail"
    mail.mkdir()
    rc = folder / "rc"
    # Maildirs without locks: before it writes a new mbox file procmail waits for a second, for a lock in a missing folder a minute.
    rc.write_text(f"MAILDIR={mail}\nDEFAULT={mail}/INBOX/\nORGMAIL={mail}/INBOX/\nLOGFILE=\nLOG=\n{recipes}")
    rc.chmod(0o600)
    words = [str(PROGRAM), "-f", "bounces@shop.example", str(rc)]
    done = subprocess.run(
        words, input=PLAIN.replace(b"\r\n", b"\n"), capture_output=True, timeout=10, check=False, env=os.environ | {"HOME": str(folder)}
    )
    assert done.returncode == 0, done.stderr
    return {path.relative_to(mail).parts[0] for path in mail.rglob("*") if path.is_file()}

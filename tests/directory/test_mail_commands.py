"""import, export and check_mail, from the command line."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from directory.cast import Cast, make_cast
from mailcore.store.models import Usage


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out, stderr=StringIO())
    return out.getvalue()


LETTER = b"From: Cy <cy@other.test>\nSubject: The quay\nMessage-ID: <1@other.test>\n\nHello.\n"


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    root = tmp_path / "Maildir"
    for folder in (root, root / ".Work"):
        for part in ("cur", "new", "tmp"):
            (folder / part).mkdir(parents=True)
    (root / "new" / "1").write_bytes(LETTER)
    (root / ".Work" / "cur" / "2:2,FS").write_bytes(LETTER.replace(b"quay", b"crane"))
    return root


@pytest.mark.django_db(transaction=True)
def test_there_and_back(maildir: Path, tmp_path: Path) -> None:
    make_cast()
    assert run("import", "ann@example.test", str(maildir)) == "2 messages imported, 0 were there already.\n"
    assert run("import", "ann@example.test", str(maildir)) == "0 messages imported, 2 were there already.\n"
    assert run("check_mail") == "All mail is as it should be.\n"
    out = tmp_path / "out"
    assert run("export", "ann@example.test", str(out)).startswith("2 messages written")
    [kept] = (out / ".Work" / "cur").iterdir()
    assert kept.name.endswith(":2,FS")
    assert b"Subject: The crane\r\n" in kept.read_bytes()
    Usage.objects.update(messages=99)
    with pytest.raises(CommandError, match="do not agree"):
        run("check_mail")


@pytest.mark.parametrize(
    "words",
    [
        ("import", "nobody@example.test", "/"),
        ("import", "ann@example.test", "/nowhere/at/all"),
        ("export", "nobody@example.test", "/nowhere"),
    ],
)
def test_clear_failures(cast: Cast, words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run(*words)

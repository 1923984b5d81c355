"""manage.py list"""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from mailcore.lists.models import MailingList, Member, Post
from tests.delivery.cast import make_domain
from tests.lists.cast import letter, run, send

pytestmark = pytest.mark.django_db


def call(*words: str) -> str:
    out = StringIO()
    call_command("list", *words, stdout=out)
    return out.getvalue()


def test_a_list_from_the_command_line(tmp_path: Path) -> None:
    make_domain()
    call("add", "team@here.test", "--title", "The Team", "--max-size", "2M", "--post-policy", "members")
    row = MailingList.objects.get()
    assert (row.title, row.max_bytes) == ("The Team", 2_000_000)
    call("join", "team@here.test", "olga@here.test", "--role", "owner")
    call("join", "team@here.test", "olga@here.test", "--mode", "nomail")
    assert "olga@here.test\towner\tnomail\tactive" in call("members", "team@here.test")
    (tmp_path / "people").write_text("ann@far.test\nnobody\n")
    assert "0 there already, 1 failed" in call("import", "team@here.test", str(tmp_path / "people"))
    assert "2 members" in call("show", "--domain", "here.test")
    call("leave", "team@here.test", "ann@far.test")
    assert Member.objects.count() == 1
    call("set", "team@here.test", "--subject-prefix", "[T]")
    assert MailingList.objects.get().subject_prefix == "[T]"
    send(letter("zoe@far.test"))
    run()
    number = call("held", "team@here.test").split("\t")[0]
    call("discard", "team@here.test", number)
    assert Post.objects.get().state == "discarded"
    call("remove", "team@here.test")
    assert not MailingList.objects.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("add", "team@nowhere.test"),
        ("set", "team@here.test", "--post-policy", "x"),
        ("set", "team@here.test", "--bounce-limit", "x"),
        ("leave", "team@here.test", "x@y.test"),
        ("approve", "team@here.test", "99"),
        ("import", "team@here.test", "/nowhere/at/all"),
        ("archive", "team@here.test", "nobody@here.test"),
        ("members", "other@here.test"),
    ],
)
def test_what_cannot_be_is_said(words: tuple[str, ...]) -> None:
    make_domain()
    call("add", "team@here.test")
    with pytest.raises(CommandError):
        call(*words)

"""Recipes and .forward files as Sieve: the same decisions, and a report of what is left out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.filtering import forwards
from mailcore.filtering.procmail.converting import convert
from mailcore.sieve.script import compile_script
from tests.sieve.desk import PLAIN, decide


def outcome(recipes: str, raw: bytes = PLAIN) -> list[str]:
    conversion = convert(recipes, home="/home/ann")
    assert not [remark for remark in conversion.remarks if remark.is_lost], conversion
    return decide(conversion.script, raw)


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ("^Subject:.*order", True),
        ("^subject:.*ORDER 1234", True),
        ("^Subject: Your", True),
        ("^Subject:[ ]*Your", True),
        ("^Subject: order", False),
        ("^Subject:.*way$", True),
        ("^Subject:.*Your$", False),
        ("^Subject:.*order.*way", True),
        ("^Subject:.*way.*order", False),
        ("^Subject:.*order [0-9]+ ", True),
        ("! ^Subject:.*order", False),
        ("^(From|Sender):.*shop\\.example", True),
        ("^From:.*shopXexample", False),
        ("^TO_team@home\\.example", True),
        ("^TO_nobody@home\\.example", False),
        ("^TOcy@", True),
        ("^List-Id:", True),
        ("^X-None:", False),
        ("> 100", True),
        ("< 100", False),
        ("B ?? left today", True),
        ("B ?? ^Track.*example", True),
        ("^FROM_DAEMON", True),
        ("^FROM_MAILER", False),
        ("^Subject:.*\\<order\\>", True),
        ("^Subject:.*\\<rder\\>", False),
        ("^Subject:.*(invoice|order)", True),
        ("$ ^Subject:.*${WORD}", True),
    ],
)
def test_conditions(condition: str, fits: bool) -> None:
    assert outcome(f"WORD=order\n:0\n* {condition}\nwork/\n") == (["into work"] if fits else ["implicit"])


@pytest.mark.parametrize(
    ("recipes", "wanted"),
    [
        (":0:\nwork\n", ["into work"]),
        ("MAILDIR=$HOME/Mail\n:0\n$MAILDIR/lists/dev/\n", ["into lists/dev"]),
        (":0\n.Lists.Dev/\n", ["into Lists/Dev"]),
        (":0\n${HOME}/Maildir/.Work/\n", ["into Work"]),
        (":0\n$DEFAULT\n:0\n/dev/null\n", ["keep"]),
        (":0\n/dev/null\n", ["discard"]),
        (":0\n! cy@x.example, dy@x.example\n", ["redirect cy@x.example", "redirect dy@x.example"]),
        (":0 c\n! cy@x.example\n", ["redirect cy@x.example", "implicit"]),
        (":0 c:\nbackup\n\n:0\nwork\n", ["into backup", "into work"]),
        (":0\n* ^Subject:.*none\nA\n:0E\nB\n", ["into B"]),
        (":0\n* ^Subject:.*order\n{\n  :0 c\n  copy/\n  :0\n  work/\n}\n:0\nother/\n", ["into copy", "into work"]),
        (":0 c\n* ^Subject:.*order\ncopy\n:0 A\nwork\n", ["into copy", "into work"]),
        (":0 c\n* ^Subject:.*order\ncopy\n:0 E\n* ^Subject:\nelse1\n:0 E\nelse2\n", ["into copy", "implicit"]),
        (":0\n* ^Subject:.*order\n* ^From:.*shop\nboth\n", ["into both"]),
        (":0 D\n* ^Subject:.*ORDER\nx\n", ["implicit"]),
        (":0 HB\n* left today\nx\n".replace("* left", "* ^Subject:.*left"), ["implicit"]),
        ("# a remark\n\n:0 # another\n* ^Subject:.*\\\n  order\nwork\n".replace(" # another", ""), ["into work"]),
    ],
)
def test_recipes(recipes: str, wanted: list[str]) -> None:
    assert outcome(recipes) == wanted


def test_headers_and_duplicates() -> None:
    assert outcome(":0 Wh: msgid.lock\n| formail -D 8192 msgid.cache\n:0\nwork\n") == ["into work"]
    conversion = convert(':0 fhw\n| formail -A "X-Sorted: yes"\n')
    assert 'addheader "X-Sorted" "yes";' in conversion.script


@pytest.mark.parametrize(
    ("recipes", "text"),
    [
        (":0\n* ? test -f x\nwork\n", "recipe left out: the exit code of a program"),
        (":0\n* 1^0 ^Subject:.*x\nwork\n", "weighted scoring"),
        (":0\n* Viagra\nwork\n", "a pattern that does not begin with the name of a header field"),
        (":0\n| /usr/bin/vacation ann\n", "an automatic answer"),
        (":0fw\n| spamc\n", "a scanner"),
        (":0\n| ./my-program\n", "a program is run: ./my-program"),
        (":0\n$WHERE/x\n", "a folder named by WHERE"),
        (":0\n! boss\n", "boss is not a full address"),
        (":0 c\n{\n:0\nx\n}\n", "a block that works on a copy"),
        ("INCLUDERC=$HOME/.more\n", "another file of recipes is read: /home/ann/.more"),
        ("X=`date`\n", "the value of X is known only when it runs"),
        (":0\n* ^Subject:.*(\nx\n", "regular expression"),
        ("hello world\n", "not understood: hello world"),
        (":0\n* ^Subject: x\n", "not understood: :0 (no action)"),
        (":0\n* ? false\nx\n:0E\ny\n", "it depends on a recipe before it that was left out"),
    ],
)
def test_what_is_left_out_is_reported_and_does_nothing(recipes: str, text: str) -> None:
    conversion = convert(recipes, home="/home/ann")
    lost = [remark.text for remark in conversion.remarks if remark.is_lost]
    assert any(text in one for one in lost), lost
    assert decide(conversion.script) == ["implicit"]


_KNOWN = [
    ":0", ":0 c", ":0E", ":0fw", "* ^Subject:.*order", "* ! ^X", "* > 5", "{", "}", "work/", "! a@b.example", "| prog", "A=b", "$A/x",
    "\\", "* (", "",
]  # fmt: skip
_LINES = st.lists(st.sampled_from(_KNOWN) | st.text(max_size=20), max_size=25)


@given(_LINES)
@settings(max_examples=100, deadline=None)
def test_any_file_gives_a_script_that_compiles(lines: list[str]) -> None:
    conversion = convert("\n".join(lines))
    compile_script(conversion.script)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("cy@x.example\n", ["redirect cy@x.example"]),
        ("\\ann, cy@x.example\n", ["redirect cy@x.example", "implicit"]),
        ("ann@home.example\ncy@x.example, bo\n", ["redirect cy@x.example", "redirect bo@home.example", "implicit"]),
        ("# nothing\n", ["implicit"]),
        ('"|/usr/bin/vacation ann", \\ann\n', ["implicit"]),
        ('"|/usr/bin/program"\n', ["implicit"]),
        ("/var/mail/x\n", ["implicit"]),
    ],
)
def test_forward_files(text: str, wanted: list[str]) -> None:
    assert decide(forwards.convert(text, address="ann@home.example").script) == wanted


def test_what_a_forward_file_does_elsewhere_is_reported() -> None:
    conversion = forwards.convert('cy@x.example\n"|/usr/bin/vacation ann"\n:include:/etc/list\nno address@\n', address="ann@home.example")
    assert [remark.line for remark in conversion.remarks] == [2, 3, 4]
    assert "away message" in conversion.remarks[0].text
    assert decide(conversion.script) == ["redirect cy@x.example"]

import pytest

from mailcore.mime.collation import casemap
from mailcore.mime.subjects import split_subject


@pytest.mark.parametrize(
    ("left", "right"), [("straße", "STRAßE"), ("Éclair", "éclair"), ("e\u0301", "É"), ("ǆ", "ǅ"), ("ǅ", "Ǆ"), ("abc", "ABC")]
)
def test_texts_that_are_one(left: str, right: str) -> None:
    assert casemap(left) == casemap(right)


def test_order() -> None:
    assert sorted(["b", "A", "_", "Z", "a"], key=casemap) == ["A", "a", "b", "Z", "_"]
    assert casemap("ß") != casemap("ss")


@pytest.mark.parametrize(
    ("subject", "base", "is_reply"),
    [
        ("Re: [list] Fwd: lunch (fwd)", "lunch", True),
        ("[list] lunch", "lunch", False),
        ("lunch (FWD)", "lunch", True),
        ("[Fwd: lunch]", "lunch", True),
        ("Re", "Re", False),
        ("re [2]: x", "x", True),
        ("[a]", "[a]", False),
        ("", "", False),
    ],
)
def test_whether_a_subject_makes_a_reply(subject: str, base: str, is_reply: bool) -> None:
    assert split_subject(subject) == (base, is_reply)

"""Each parser takes its beginnings and some hundred inputs made of them; and a fault would be found, shown and shortened."""

import logging

import pytest

from .mutation import shrink
from .running import check, hunt
from .targets import TARGETS, Target


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_parser(target: Target) -> None:
    count, failures = hunt(target, seed=1, rounds=60)
    assert count == 60
    assert failures == []


FOUND = (("procmail", b":" + b" " * 5_000 + b"!"),)


@pytest.mark.parametrize(("name", "data"), FOUND, ids=lambda value: value if isinstance(value, str) else "")
def test_what_was_found_is_mended(name: str, data: bytes) -> None:
    [target] = [target for target in TARGETS if target.name == name]
    assert check(target, data) is None


def test_a_fault_is_found_once_and_shortened() -> None:
    def run(data: bytes) -> None:
        if b"X" in data:
            raise IndexError("out of range")
        if b"zzz" in data:
            raise ValueError("no good")

    target = Target("trial", run, (b"nothing", b"a word with an X in it"), (), (ValueError,))
    _, [failure] = hunt(target, seed=1, rounds=50)
    assert failure.data == b"X"
    assert failure.where.startswith("IndexError at ")


def test_a_fault_that_a_session_logged_counts() -> None:
    def run(data: bytes) -> None:
        try:
            raise KeyError("inside")
        except KeyError:
            logging.getLogger("mailcore.trial").exception("incident")

    failure = check(Target("trial", run, (b"",)), b"anything")
    assert failure is not None
    assert failure.where.startswith("KeyError")


def test_what_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(data: bytes) -> None:
        while True:
            pass

    monkeypatch.setattr("tests.fuzz.running.SECONDS_FOR_ONE", 0.05)
    failure = check(Target("trial", run, (b"",)), b"")
    assert failure is not None
    assert failure.where == "TooSlow"


def test_shrinking_keeps_what_fails() -> None:
    assert shrink(b"aaaaXaaaaYaaaa", lambda data: b"X" in data and b"Y" in data) == b"XY"

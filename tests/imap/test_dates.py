from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcore.imap.grammar.cursor import BadCommand, Cursor
from mailcore.imap.grammar.dates import parse_date, parse_date_time, write_date, write_date_time
from mailcore.imap.grammar.framing import Command


@given(st.integers(0, 4_102_444_800))
def test_a_moment_survives_the_wire(when: int) -> None:
    assert parse_date_time(Cursor(Command(write_date_time(when)))) == when


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)))
def test_a_day_survives_the_wire(day: date) -> None:
    assert parse_date(Cursor(Command(write_date(day)))) == day
    assert parse_date(Cursor(Command(b'"%b"' % write_date(day)))) == day


def test_zones_are_taken_off() -> None:
    assert parse_date_time(Cursor(Command(b'" 1-Jan-2026 00:30:00 +0130"'))) == 1_767_222_000
    assert write_date_time(0) == b'" 1-Jan-1970 00:00:00 +0000"'


@pytest.mark.parametrize(
    "text", [b'"32-Jan-2026 00:00:00 +0000"', b'" 1-Foo-2026 00:00:00 +0000"', b'"1-Jan-2026"', b'" 1-Jan-2026 00:00:00 +9999"']
)
def test_impossible_moments_are_refused(text: bytes) -> None:
    with pytest.raises(BadCommand):
        parse_date_time(Cursor(Command(text)))

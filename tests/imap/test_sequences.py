from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcore.imap.grammar.cursor import BadCommand
from mailcore.imap.grammar.sequences import compact, read_set, resolve_numbers, resolve_uids, write_set

NUMBERS = st.integers(0, 0xFFFFFFFF)
SETS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=8).map(tuple)


@given(SETS)
def test_what_is_written_is_read_again(ranges: tuple[tuple[int, int], ...]) -> None:
    assert read_set(write_set(ranges)) == ranges


@given(st.lists(st.integers(1, 60), max_size=30))
def test_compact_keeps_every_number_in_order(numbers: list[int]) -> None:
    assert [number for first, last in compact(numbers) for number in range(first, last + 1)] == numbers


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=6), st.sets(st.integers(1, 40)))
def test_uids_resolve_as_a_set_would(ranges: list[tuple[int, int]], held: set[int]) -> None:
    uids = array("I", sorted(held))
    top = max(held, default=0)
    wanted = {
        uid
        for first, last in ranges
        for uid in held
        if min(first or top, last or top) <= uid <= max(first or top, last or top)
    }  # fmt: skip
    assert {uids[place] for one in resolve_uids(tuple(ranges), uids) for place in one} == wanted


def test_numbers_that_do_not_exist_are_an_error_and_a_star_never_is() -> None:
    with pytest.raises(BadCommand):
        resolve_numbers(((2, 4),), 3)
    assert resolve_numbers(((1, 0),), 0) == []
    assert resolve_numbers(((9, 0),), 3) == [range(2, 3)]
    assert resolve_numbers(((3, 1), (2, 2)), 3) == [range(3)]


@pytest.mark.parametrize("text", [b"", b"0", b"1:", b"a", b"1,,2", b"99999999999", b"-1"])
def test_what_is_no_set_is_refused(text: bytes) -> None:
    with pytest.raises(BadCommand):
        read_set(text)

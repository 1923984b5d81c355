"""What many messages became at once is taken over as it would be one by one."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcore.imap.session import view as views
from mailcore.imap.session.view import View
from mailcore.kernel.ids import FolderId
from mailcore.kernel.mailstore import FolderInfo, MessageState, Snapshot

COUNT = 20


def make_view(flags: list[int], modseqs: list[int], keywords: dict[int, str]) -> View:
    uids = array("I", range(2, 2 + 2 * COUNT, 2))
    info = FolderInfo(FolderId(1), "INBOX", 1, 100, max(modseqs), COUNT, 0, 0)
    return View(Snapshot(folder=info, uids=uids, modseqs=array("Q", modseqs), flags=array("B", flags), keywords=keywords), read_only=False)


def state_of(view: View) -> tuple[object, ...]:
    return view.uids, view.modseqs, view.flags, dict(view.keywords)


@given(
    st.lists(st.integers(0, 31), min_size=COUNT, max_size=COUNT),
    st.lists(st.integers(1, 9), min_size=COUNT, max_size=COUNT),
    st.dictionaries(st.integers(1, COUNT).map(lambda number: 2 * number), st.just("work"), max_size=2),
    st.integers(0, COUNT - 1),
    st.integers(0, COUNT),
    st.tuples(st.integers(4, 12), st.integers(0, 31), st.sampled_from(["", "", "", "work"])),
    st.sampled_from([None, (3, 12, 1, ""), (0, 5, 31, "")]),
)
def test_neighbours_become_the_same(
    flags: list[int],
    modseqs: list[int],
    keywords: dict[int, str],
    first: int,
    count: int,
    after: tuple[int, int, str],
    odd: tuple[int, int, int, str] | None,
) -> None:
    quick, slow = make_view(flags, modseqs, keywords), make_view(flags, modseqs, keywords)
    states = [MessageState(uid, *after) for uid in quick.uids[first : first + count]]
    if odd is not None and odd[0] < len(states):
        states[odd[0]] = MessageState(states[odd[0]].uid, *odd[1:])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(views, "_ALIKE_FROM", 1)
        told = quick.set_states(states)
        patch.setattr(views, "_ALIKE_FROM", COUNT + 1)
        assert slow.set_states(states) == told
    assert state_of(quick) == state_of(slow)


def test_a_uid_that_is_not_there_is_passed_over() -> None:
    view = make_view([0] * COUNT, [1] * COUNT, {})
    states = [MessageState(uid, 5, 1, "") for uid in (2, 3, 6)]
    assert view.set_states(states) == [0, 2]

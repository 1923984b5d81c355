"""THREAD's parentheses: as the examples of RFC 5256 §4 and §5 have them, and never other than a parser reads back."""

from hypothesis import given
from hypothesis import strategies as st

from mailcore.imap.session.trees import write_threads

Tree = tuple[int, list["Tree"]]
trees: st.SearchStrategy[list[object]] = st.recursive(st.just([]), lambda below: st.lists(below, max_size=4), max_leaves=12)


def number(shape: list[list[object]]) -> tuple[list[int], list[int], str]:
    """A forest of that shape numbered in preorder, and its text written plainly."""
    numbers: list[int] = []
    children: list[int] = []

    def write(node: list[object], *, is_root: bool) -> str:
        is_dummy = is_root and len(node) > 2
        numbers.append(0 if is_dummy else len(numbers) + 1)
        children.append(len(node))
        own = "" if is_dummy else str(numbers[-1])
        below = [write(child, is_root=False) for child in node]  # type: ignore[arg-type]
        if len(below) == 1:
            return f"{own} {below[0]}"
        nested = "".join(f"({one})" for one in below)
        return f"{own} {nested}" if own and nested else own + nested

    text = "".join(f"({write(node, is_root=True)})" for node in shape)
    return numbers, children, text


@given(st.lists(trees, max_size=5))
def test_as_written_plainly(shape: list[list[object]]) -> None:
    numbers, children, text = number(shape)
    assert write_threads(numbers, children) == text.encode()


def test_the_examples_of_the_rfc() -> None:
    assert write_threads([2, 3, 6, 4, 23, 44, 7, 96], [0, 1, 2, 1, 0, 1, 1, 0]) == b"(2)(3 6 (4 23)(44 7 96))"
    assert write_threads([0, 3, 5], [2, 0, 0]) == b"((3)(5))"
    assert write_threads([], []) == b""


def test_depth_is_no_danger() -> None:
    numbers = list(range(1, 50_001))
    assert write_threads(numbers, [1] * 49_999 + [0]) == b"(" + b" ".join(b"%d" % one for one in numbers) + b")"

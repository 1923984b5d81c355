"""The base subject, by which SORT and THREAD take a reply and its question for one.

RFC 5256 §2.1. Only the first MAX_CHARS count, which keeps the repeated stripping cheap.
"""

import re

MAX_CHARS = 1_000
_TRAILER = re.compile(r"(?:\(fwd\)|\s)+\Z", re.IGNORECASE)
_LEADER = re.compile(r"(?:\[[^\[\]]*\]\s*)*(?:re|fwd?)\s*(?:\[[^\[\]]*\]\s*)?:\s*", re.IGNORECASE)
_BLOB = re.compile(r"\[[^\[\]]*\]\s*")


def base_subject(subject: str) -> str:
    """`Re: [list] Fwd: lunch (fwd)` → `lunch`. Case is kept: comparing is the caller's."""
    return split_subject(subject)[0]


def split_subject(subject: str) -> tuple[str, bool]:
    """The base subject, and whether what was cut off calls the message a reply or a forward (RFC 5256 §5)."""
    text = " ".join(subject[: MAX_CHARS * 4].split())[:MAX_CHARS]
    is_reply = False
    while True:
        stripped = _strip_trailers(text)
        is_reply = is_reply or stripped != text.rstrip()
        text, had_leader = _strip_leaders(stripped)
        is_reply = is_reply or had_leader
        if text[:5].lower() == "[fwd:" and text.endswith("]"):
            text = text[5:-1].strip()
            is_reply = True
            continue
        return text, is_reply


def _strip_trailers(text: str) -> str:
    text = text.rstrip()
    while text[-5:].lower() == "(fwd)":
        text = text[:-5].rstrip()
    return text


def _strip_leaders(text: str) -> tuple[str, bool]:
    """The rest, and whether a `re:` or `fwd:` was among what is gone."""
    is_reply = False
    while True:
        leader = _LEADER.match(text)
        if leader is not None:
            text, is_reply = text[leader.end() :], True
            continue
        blob = _BLOB.match(text)
        if blob is None or blob.end() == len(text) or _is_forward(text):
            return text.lstrip(), is_reply
        text = text[blob.end() :]


def _is_forward(text: str) -> bool:
    return text[:5].lower() == "[fwd:" and text.endswith("]")

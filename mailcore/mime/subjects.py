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
    text = " ".join(subject[: MAX_CHARS * 4].split())[:MAX_CHARS]
    while True:
        text = _strip_trailers(text)
        text = _strip_leaders(text)
        if text[:5].lower() == "[fwd:" and text.endswith("]"):
            text = text[5:-1].strip()
            continue
        return text


def _strip_trailers(text: str) -> str:
    text = text.rstrip()
    while text[-5:].lower() == "(fwd)":
        text = text[:-5].rstrip()
    return text


def _strip_leaders(text: str) -> str:
    while True:
        leader = _LEADER.match(text)
        if leader is not None:
            text = text[leader.end() :]
            continue
        blob = _BLOB.match(text)
        if blob is None or blob.end() == len(text) or _is_forward(text):
            return text.lstrip()
        text = text[blob.end() :]


def _is_forward(text: str) -> bool:
    return text[:5].lower() == "[fwd:" and text.endswith("]")

"""Style attributes: known properties with plain values; whatever could load, move or cover is refused.

Works on tokens, so an escaped `\\75rl(` is seen as the url it is.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import tinycss2  # type: ignore[import-untyped]

from . import policy

_MAX = 4_000
_PLAIN = frozenset(("ident", "hash", "number", "percentage", "dimension", "whitespace"))
_LITERALS = frozenset((",", "/"))
_UNSAFE_IN_STRING = frozenset("\\<>&\"';{}()\n\r\f\0")
_NOT_NEGATIVE = ("margin", "text-indent", "letter-spacing", "word-spacing", "line-height", "font-size")


@lru_cache(maxsize=4_096)  # letters say the same few hundred again and again
def filter_style(text: str) -> str:
    """The declarations that are harmless, written anew; "" where none is."""
    if len(text) > _MAX:
        return ""
    kept: list[str] = []
    for node in tinycss2.parse_declaration_list(text, skip_comments=True, skip_whitespace=True):
        if node.type != "declaration" or node.lower_name not in policy.PROPERTIES:
            continue
        if all(_is_plain(token, node.lower_name) for token in node.value):
            kept.append(f"{node.lower_name}:{tinycss2.serialize(node.value).strip()}")
    return ";".join(kept)


def _is_plain(token: Any, name: str) -> bool:
    if token.type in ("number", "percentage", "dimension") and token.value < 0:
        return not name.startswith(_NOT_NEGATIVE)
    if token.type in _PLAIN:
        return token.type in ("number", "percentage", "whitespace") or _is_simple(_word(token))
    if token.type == "literal":
        return token.value in _LITERALS
    if token.type == "string":
        return not _UNSAFE_IN_STRING & set(token.value)
    if token.type == "function":
        return token.lower_name in policy.FUNCTIONS and _all_plain(token.arguments, name)
    return False


def _all_plain(tokens: Iterable[Any], name: str) -> bool:
    return all(token.type != "function" and _is_plain(token, name) for token in tokens)


def _word(token: Any) -> str:
    return str(token.unit if token.type == "dimension" else token.value)


def _is_simple(word: str) -> bool:
    """Identifiers out of letters, digits and hyphens only: nothing an older parser reads otherwise."""
    return word.replace("-", "").replace("_", "").isalnum() and "expression" not in word.lower()

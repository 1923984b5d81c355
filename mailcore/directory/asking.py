"""Where a page keeps the question it asked a passkey: in the session, for five minutes, for one answer."""

import time
from collections.abc import MutableMapping
from typing import Any

from .passkeys import Question

LASTS = 5 * 60
_NAME = "passkey"


def keep(session: MutableMapping[str, Any], question: Question, *, purpose: str) -> str:
    """The options for the browser. A question asked later takes the place of this one."""
    session[_NAME] = [purpose, question.challenge, int(time.time())]
    return question.options


def take(session: MutableMapping[str, Any], *, purpose: str) -> str:
    """The challenge, gone from the session whatever comes of it; "" where none of this purpose is fresh."""
    kept = session.get(_NAME)
    if kept is None:
        return ""
    del session[_NAME]
    return str(kept[1]) if kept[0] == purpose and time.time() - kept[2] < LASTS else ""

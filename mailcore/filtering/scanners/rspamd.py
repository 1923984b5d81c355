"""rspamd, by HTTP: the message to `/checkv2`, its action, score and header fields back as JSON."""

import json
import re
from collections.abc import Iterator
from typing import Any

from ..policy.verdicts import Act, Verdict
from ..policy.visit import Letter, Visit
from . import headers
from .line import Line, ScannerFailed

RULE = "rspamd"
JUNK_SHARE = 6 / 15
"""Of the score it refuses at, where it does not say at which it would add a header."""
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[^\r\n]*\r\n")


def scan(address: str, visit: Visit, letter: Letter) -> list[Verdict]:
    place = address.removeprefix("http://").rstrip("/")
    head = ["POST /checkv2 HTTP/1.0", f"Host: {_word(place)}", f"Content-Length: {len(letter.raw)}"]
    head += [f"IP: {_word(visit.peer)}", f"Helo: {_word(visit.helo)}", f"From: {_word(visit.sender)}", f"MTA-Name: {_word(visit.hostname)}"]
    head += [f"Rcpt: {_word(recipient)}" for recipient in letter.recipients]
    with Line(place) as line:
        line.send("\r\n".join([*head, "", ""]).encode("utf-8", "surrogateescape"))
        line.send(letter.raw)
        answer = line.read_rest()
    return list(_judge(_read(answer)))


def _read(answer: bytes) -> dict[str, Any]:
    status = _STATUS.match(answer)
    head, _, body = answer.partition(b"\r\n\r\n")
    if status is None or status[1] != b"200":
        raise ScannerFailed(f"rspamd said {answer[:80]!r}")
    if b"transfer-encoding: chunked" in head.lower():
        raise ScannerFailed("rspamd answered in chunks, which HTTP/1.0 does not have")
    found = json.loads(body)
    if not isinstance(found, dict) or not isinstance(found.get("action"), str):
        raise ScannerFailed("rspamd named no action")
    return found


def _judge(found: dict[str, Any]) -> Iterator[Verdict]:
    action, score = found["action"], float(found.get("score") or 0)
    messages = found.get("messages")
    public = " ".join(str(messages.get("smtp_message", "")).split())[:300] if isinstance(messages, dict) else ""
    if action == "reject":
        yield Verdict(Act.REFUSE, RULE, f"rspamd refuses it at {score:g}", public=public)
    elif action == "soft reject":
        yield Verdict(Act.GREYLIST, RULE, f"rspamd puts it off at {score:g}", public=public)
    elif action == "discard":
        yield Verdict(Act.DISCARD, RULE, f"rspamd discards it at {score:g}")
    else:
        if action == "quarantine":
            yield Verdict(Act.HOLD, RULE, f"rspamd wants it looked at, at {score:g}")
        # Its score for Junk is our five points, so that several scorers can be added up.
        threshold = _threshold(found)
        points = round(5.0 * score / threshold, 2) if threshold > 0 else 0.0
        yield Verdict(Act.TAG, RULE, f"rspamd: {score:g} of {threshold:g}, {action}", points=points, headers=tuple(_lines(found)))


def _threshold(found: dict[str, Any]) -> float:
    thresholds = found.get("thresholds")
    stated = thresholds.get("add header") if isinstance(thresholds, dict) else None
    return float(stated) if stated else float(found.get("required_score") or 15) * JUNK_SHARE


def _lines(found: dict[str, Any]) -> Iterator[str]:
    """Fields it wants added: a text, `{value, order}`, or a list of them."""
    milter = found.get("milter")
    added = milter.get("add_headers") if isinstance(milter, dict) else None
    for name, given in added.items() if isinstance(added, dict) else ():
        for one in given if isinstance(given, list) else [given]:
            value = one.get("value", "") if isinstance(one, dict) else one
            yield headers.make_line(str(name).encode("ascii"), str(value).encode("utf-8"))


def _word(text: str) -> str:
    return "".join(character for character in text if character.isprintable())

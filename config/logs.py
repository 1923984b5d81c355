"""How a log line looks: for people, or one JSON object a line for machines. Secrets are taken out of both.

A line about a message carries its trace id, the same that the journey, the replies and the panel show.
"""

import json
import logging
import os
import re
from datetime import UTC, datetime
from typing import Any

HIDDEN = "[hidden]"
_TRACE = re.compile(r"\btrace=([0-9A-Za-z_.-]{1,32})")
_MARKS = ("auth", "login", "pass", "cookie", "secret", "key", "token", "session", "://", "fk_", "wk_")
"""Every one of the secrets below stands beside one of these."""
_SECRETS = (
    re.compile(r"(?i)(\bauth(?:enticate)?\s+(?:plain|login|xoauth2|oauthbearer)\s+)(\S+)"),
    re.compile(r"(?i)(\blogin\s+\S+\s+)(\"[^\"]*\"|\S+)(?=\s*(?:\r|\n|$))"),
    re.compile(r"(?im)((?:^|: )\s*pass\s+)(\S+)(?=\s*$)"),
    re.compile(r"(?i)(\b(?:authorization|proxy-authorization|cookie|set-cookie)\b['\"]?\s*[:=]\s*['\"]?)([^'\"\r\n]+)"),
    re.compile(r"(?i)(\b\w*(?:password|passwd|secret|api_?key|token|sessionid)\b['\"]?\s*[:=]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;&}]+)"),
    re.compile(r"(://[^/\s:@]+:)([^@\s/]+)(?=@)"),
    re.compile(r"\b(fk_|wk_)([A-Za-z0-9_-]{16,})"),
)


def redact(text: str) -> str:
    """The text without passwords, tokens and keys, whatever wrote them into it."""
    if text.isascii():  # nearly always, and then nearly always without any mark: 2 µs instead of 200
        low = text.lower()
        if not any(mark in low for mark in _MARKS):
            return text
    for pattern in _SECRETS:
        text = pattern.sub(lambda found: found[1] + HIDDEN, text)
    return text


class Line(logging.Formatter):
    """For people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class JsonLine(logging.Formatter):
    """For machines: time (UTC), level, logger, message; trace, program and error where there are any."""

    def format(self, record: logging.LogRecord) -> str:
        message = redact(record.getMessage())
        found: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
        }
        trace = getattr(record, "trace", "") or ((match := _TRACE.search(message)) and match[1])
        if trace:
            found["trace"] = trace
        if program := os.environ.get("FACTEUR_PROGRAM"):
            found["program"] = program
        if record.exc_info:
            found["error"] = redact(self.formatException(record.exc_info))
        return json.dumps(found, ensure_ascii=False)


def logging_settings(log_format: str) -> dict[str, Any]:
    """Django's LOGGING."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": JsonLine if log_format == "json" else Line}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
    }

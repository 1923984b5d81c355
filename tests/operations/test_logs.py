"""Log lines: for people and for machines, with the trace id and without secrets."""

import json
import logging
import sys

import pytest

from config import environment
from config.logs import HIDDEN, JsonLine, Line, redact


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("mailcore.delivery.intake", logging.INFO, __file__, 1, message, args, None)
    for name, value in extra.items():
        setattr(made, name, value)
    return made


def test_a_json_line_carries_the_trace_of_the_journey(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACTEUR_PROGRAM", "back")
    line = json.loads(JsonLine().format(record("accepted trace=%s source=smtp", "0dv3k8q2m1a7z9x4")))
    assert line["trace"] == "0dv3k8q2m1a7z9x4"
    assert (line["level"], line["logger"], line["program"]) == ("info", "mailcore.delivery.intake", "back")
    assert line["time"].endswith("+00:00")
    assert json.loads(JsonLine().format(record("no id here")))["message"] == "no id here"
    assert "trace" not in json.loads(JsonLine().format(record("no id here")))
    assert json.loads(JsonLine().format(record("x", trace="given")))["trace"] == "given"


def test_an_error_is_one_line() -> None:
    made = record("it failed")
    try:
        raise ValueError("password=hunter2")
    except ValueError:
        made.exc_info = sys.exc_info()
    text = JsonLine().format(made)
    assert "\n" not in text
    assert "ValueError" in json.loads(text)["error"]
    assert "hunter2" not in text


@pytest.mark.parametrize(
    "line",
    [
        "AUTH PLAIN AGFubgBodW50ZXIy-hunter2",
        "a1 LOGIN ann@example.test hunter2",
        'a1 LOGIN ann@example.test "hunter2 and more"',
        "a1 AUTHENTICATE PLAIN hunter2",
        "PASS hunter2",
        "Authorization: Bearer hunter2",
        "{'password': 'hunter2'}",
        '{"new_password": "hunter2 with words", "name": "x"}',
        "secret=hunter2&user=ann",
        "connecting to postgresql://facteur:hunter2@db/facteur",
        "redis_password=hunter2",
        "key fk_hunter2hunter2hunter2hunter2 was refused",
    ],
)
def test_secrets_are_taken_out(line: str) -> None:
    for formatter in (Line(), JsonLine()):
        text = formatter.format(record("%s", line))
        assert "hunter2" not in text
        assert HIDDEN in text


def test_what_is_no_secret_stays() -> None:
    for text in (
        "wrong password for 'ann' from 192.0.2.1",
        "accepted trace=abc size=10",
        "passed on to mx.far.test",
        "the token bucket is full",
    ):
        assert redact(text) == text


def test_the_setting() -> None:
    assert environment.load({"FACTEUR_LOG_FORMAT": "json", "FACTEUR_DATA": "/nonexistent"}).log_format == "json"
    with pytest.raises(environment.BadSetting, match="FACTEUR_LOG_FORMAT"):
        environment.load({"FACTEUR_LOG_FORMAT": "xml", "FACTEUR_DATA": "/nonexistent"})
    with pytest.raises(environment.BadSetting, match="FACTEUR_TRUSTED_PROXIES"):
        environment.load({"FACTEUR_TRUSTED_PROXIES": "everybody", "FACTEUR_DATA": "/nonexistent"})

"""Milters and rspamd: what they are shown, and what becomes of what they say."""

import json
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcore.filtering.policy.verdicts import Act, Verdict
from mailcore.filtering.policy.visit import Letter, Visit
from mailcore.filtering.scanners import calling, headers, milter, milterwire
from mailcore.filtering.scanners.calling import ScannerFailed
from mailcore.filtering.scanners.headers import Change
from mailcore.filtering.spam import sample
from tests.filtering.fakemilter import FakeMilter, pack

RAW = b"From: Bo <bo@good.test>\r\nSubject: A\r\n\tfolded one\r\nX-Gone: 1\r\nX-Gone: 2\r\n\r\nHi\r\nthere\r\n"


def letter(raw: bytes = RAW, *recipients: str) -> Letter:
    return Letter(raw, sample.read(raw), recipients or ("ann@here.test",))


def visit() -> Visit:
    return Visit("192.0.2.7", "mx.here.test", helo="mail.good.test", sender="bo@good.test")


@pytest.fixture
def fake() -> Iterator[FakeMilter]:
    with FakeMilter() as fake:
        yield fake


def ask(fake: FakeMilter, one: Letter | None = None) -> list[Verdict]:
    return calling.call(f"milter={fake.address}", visit(), one or letter())


def text(*words: str) -> bytes:
    return b"".join(word.encode() + b"\0" for word in words)


def test_what_a_milter_is_shown(fake: FakeMilter) -> None:
    (said,) = ask(fake, letter(RAW, "ann@here.test", "bo@here.test"))
    assert (said.act, said.headers) == (Act.TAG, ())
    assert fake.letters() == "OCHMRRTLLLLNBEQ"
    seen = [(one, data) for one, data in fake.seen if one not in b"DOQ"]
    assert seen[0] == (b"C", b"[192.0.2.7]\x004\0\x00192.0.2.7\0")
    assert seen[1:5] == [
        (b"H", b"mail.good.test\0"),
        (b"M", b"<bo@good.test>\0"),
        (b"R", b"<ann@here.test>\0"),
        (b"R", b"<bo@here.test>\0"),
    ]
    assert seen[6:8] == [(b"L", b"From\0Bo <bo@good.test>\0"), (b"L", b"Subject\0A\n\tfolded one\0")]
    assert seen[-2] == (b"B", b"Hi\r\nthere\r\n")
    assert struct.unpack(">III", fake.seen[0][1]) == (6, 0x31, 0x1FF7FF)
    assert (b"D", b"Cj\0mx.here.test\0{daemon_name}\0facteur\0v\0Facteur\0") in fake.seen


def test_what_it_does_not_want_to_see_is_left_out(fake: FakeMilter) -> None:
    fake.terms = struct.pack(">III", 6, 0, 0x01 | 0x02 | 0x10 | 0x80 | 0x200 | 0x100000)
    ask(fake)
    assert fake.letters() == "OMRLLLLNEQ"
    assert (b"L", b"From\0 Bo <bo@good.test>\0") in fake.seen


@pytest.mark.parametrize("step", [b"C", b"H", b"M", b"T", b"L", b"N", b"B", b"E"])
@pytest.mark.parametrize(
    ("answer", "act", "words"),
    [
        (pack(b"r"), Act.REFUSE, ""),
        (pack(b"t"), Act.GREYLIST, ""),
        (pack(b"d"), Act.DISCARD, ""),
        (pack(b"a"), Act.TAG, ""),
        (pack(b"y", text("550 5.7.1 Not this one")), Act.REFUSE, "Not this one"),
        (pack(b"y", text("451 later")), Act.GREYLIST, "later"),
        (pack(b"p") + pack(b"p") + pack(b"r"), Act.REFUSE, ""),
    ],
)
def test_its_last_word_at_any_step(fake: FakeMilter, step: bytes, answer: bytes, act: Act, words: str) -> None:
    fake.answers = {step: answer}
    (said,) = ask(fake)
    assert (said.act, said.public) == (act, words)
    assert fake.letters().rstrip("Q").endswith(step.decode())


def test_one_recipient_refused_of_two(fake: FakeMilter) -> None:
    fake.answers = {b"R" + text("<bo@here.test>"): pack(b"y", text("550 no such Bo"))}
    one = letter(RAW, "ann@here.test", "bo@here.test")
    (said,) = ask(fake, one)
    assert said.act is Act.TAG
    assert {name: verdict.public for name, verdict in one.refused_for.items()} == {"bo@here.test": "no such Bo"}


def test_all_recipients_refused(fake: FakeMilter) -> None:
    fake.answers = {b"R": pack(b"t")}
    assert [one.act for one in ask(fake)] == [Act.GREYLIST]


def test_header_fields_added_changed_and_taken_away(fake: FakeMilter) -> None:
    fake.terms = struct.pack(">III", 6, 0x31, 0)
    fake.answers = {
        b"E": pack(b"h", text("X-Seen", "yes\n by me"))
        + pack(b"i", struct.pack(">I", 1) + text("X-Top", "1"))
        + pack(b"m", struct.pack(">I", 1) + text("subject", "B"))
        + pack(b"m", struct.pack(">I", 2) + text("X-Gone", ""))
        + pack(b"m", struct.pack(">I", 1) + text("X-New", "n"))
        + pack(b"q", text("looks odd"))
        + pack(b"c")
    }
    one = letter()
    tag, held = ask(fake, one)
    assert tag.headers == ("X-Seen: yes\r\n\tby me", "X-Top: 1")
    assert (held.act, "looks odd" in held.words) == (Act.HOLD, True)
    assert one.raw == b"From: Bo <bo@good.test>\r\nsubject: B\r\nX-Gone: 1\r\nX-New: n\r\n\r\nHi\r\nthere\r\n"


def test_a_no_after_changes_leaves_the_message_alone(fake: FakeMilter) -> None:
    fake.answers = {b"E": pack(b"m", struct.pack(">I", 1) + text("Subject", "B")) + pack(b"r")}
    one = letter()
    assert [said.act for said in ask(fake, one)] == [Act.REFUSE]
    assert one.raw == RAW


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({b"C": b"drop"}, "closed"),
        ({b"O": pack(b"c")}, "negotiate"),
        ({b"O": pack(b"O", struct.pack(">III", 7, 0, 0))}, "version 7"),
        ({b"O": pack(b"O", struct.pack(">III", 6, 0x02, 0))}, "change"),
        ({b"O": pack(b"O", struct.pack(">III", 6, 0, 0x800))}, "steps"),
        ({b"E": pack(b"b", b"new body")}, "not understood"),
        ({b"H": pack(b"y", text("wat"))}, "not understood"),
        ({b"H": struct.pack(">I", 0)}, "octets"),
        ({b"H": struct.pack(">I", 2**31)}, "octets"),
        ({b"H": pack(b"p") * 11}, "too long"),
        ({b"E": pack(b"h", text("X", "1")) * 101 + pack(b"c")}, "too many"),
        ({b"E": pack(b"h", text("Bad Name", "1")) + pack(b"c")}, "header field"),
        ({b"E": pack(b"h", text("X", "a\rb")) + pack(b"c")}, "characters"),
        ({b"E": pack(b"h", b"X") + pack(b"c")}, ""),
    ],
)
def test_what_a_milter_may_not_do_is_a_failure(fake: FakeMilter, answers: dict[bytes, bytes], words: str) -> None:
    fake.answers = answers
    one = letter()
    with pytest.raises(ScannerFailed, match=words):
        ask(fake, one)
    assert one.raw == RAW


def test_one_that_is_silent_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(milter, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(ScannerFailed, match=r"too long|timed out|Timeout"):
        calling.call(f"milter=127.0.0.1:{listener.getsockname()[1]}", visit(), letter())


@given(
    st.lists(st.tuples(st.sampled_from([b"From", b"X-A", b"x-a", b"X-B"]), st.text("ab c", max_size=9)), max_size=6),
    st.lists(st.builds(Change, st.sampled_from([b"X-A", b"X-B"]), st.integers(0, 4), st.sampled_from([b"", b"v", b"v\n w"])), max_size=5),
)
def test_changes_leave_the_body_and_other_fields(lines: list[tuple[bytes, str]], changes: list[Change]) -> None:
    raw = b"".join(b"%b: %b\r\n" % (name, value.encode()) for name, value in lines) + b"\r\nbody\r\n\r\nmore"
    found = headers.apply(raw, changes)
    assert found.endswith(b"\r\nbody\r\n\r\nmore")
    assert found.count(b"From:") == raw.count(b"From:")
    assert headers.apply(raw, []) == raw


@given(st.binary(max_size=60))
def test_a_field_is_one_field_or_none(value: bytes) -> None:
    try:
        line = headers.make_line(b"X-Any", value)
    except ValueError:
        return
    assert all(part.startswith("\t") for part in line.split("\n")[1:])
    assert line.replace("\r\n", "").count("\r") == 0 and line.count("\r") == line.count("\n")


def test_a_local_peer_has_no_address() -> None:
    assert milterwire.connect("") == pack(b"C", b"localhost\0U")
    assert milterwire.connect("2001:db8::1").endswith(b"6\0\0IPv6:2001:db8::1\0")


@pytest.fixture
def opendkim(tmp_path: Path) -> Iterator[str]:
    program = shutil.which("opendkim")
    if program is None:
        pytest.skip("opendkim is not installed")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    conf = tmp_path / "opendkim.conf"
    conf.write_text(
        f"Socket inet:{port}@127.0.0.1\nMode v\nAlwaysAddARHeader yes\nAuthservID judge.test\nSyslog no\n"
        f"On-Default accept\nPidFile {tmp_path}/pid\nTestDNSData file:{tmp_path}/keys\n"
    )
    (tmp_path / "keys").write_text("")
    running = subprocess.Popen([program, "-f", "-x", str(conf)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if running.poll() is not None:
                    pytest.fail(f"opendkim ended: {running.stderr.read().decode() if running.stderr else ''}")
                time.sleep(0.05)
        yield f"127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(10)


def test_the_real_opendkim_writes_what_it_found(opendkim: str) -> None:
    one = letter()
    (said,) = calling.call(f"milter={opendkim}", visit(), one)
    assert said.act is Act.TAG
    assert any(line.startswith("Authentication-Results: judge.test") and "dkim=none" in line for line in said.headers), said
    assert one.raw == RAW


class FakeRspamd:
    def __init__(self, answer: bytes) -> None:
        self.asked = b""
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.place = f"rspamd=http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with self._listener, self._listener.accept()[0] as channel:
            while b"\r\n\r\n" not in self.asked or not self.asked.endswith(RAW[-8:]):
                self.asked += channel.recv(65_536)
            channel.sendall(self._answer)

    def ask(self) -> list[Verdict]:
        found = calling.call(self.place, visit(), letter(RAW, "ann@here.test", "bo@here.test"))
        self._thread.join(5)
        return found


def answer(**values: Any) -> bytes:
    body = json.dumps(values).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def test_what_rspamd_is_asked() -> None:
    fake = FakeRspamd(answer(action="no action", score=1.2, required_score=15.0))
    (said,) = fake.ask()
    head, _, body = fake.asked.partition(b"\r\n\r\n")
    assert body == RAW
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /checkv2 HTTP/1.0"
    assert {"IP: 192.0.2.7", "Helo: mail.good.test", "From: bo@good.test", "Rcpt: ann@here.test", "Rcpt: bo@here.test"} <= set(lines)
    assert (said.act, said.points) == (Act.TAG, 1.0)


@pytest.mark.parametrize(
    ("values", "act", "points", "public"),
    [
        ({"action": "reject", "score": 20, "messages": {"smtp_message": "Spam\r\nmessage"}}, Act.REFUSE, 0.0, "Spam message"),
        ({"action": "soft reject", "score": 4}, Act.GREYLIST, 0.0, ""),
        ({"action": "discard", "score": 40}, Act.DISCARD, 0.0, ""),
        ({"action": "add header", "score": 8, "thresholds": {"add header": 8, "reject": 20}}, Act.TAG, 5.0, ""),
        ({"action": "greylist", "score": 4, "required_score": 15}, Act.TAG, 3.33, ""),
        ({"action": "no action", "score": -3, "required_score": 15}, Act.TAG, -2.5, ""),
        ({"action": "rewrite subject", "score": 6, "messages": "odd", "thresholds": []}, Act.TAG, 5.0, ""),
    ],
)
def test_what_rspamd_says(values: dict[str, Any], act: Act, points: float, public: str) -> None:
    (said,) = FakeRspamd(answer(**values)).ask()
    assert (said.act, said.points, said.public) == (act, points, public)


def test_fields_of_rspamd_are_put_on_top() -> None:
    added = {"X-Spamd-Result": {"value": "default: False\n a", "order": 0}, "X-Two": ["a", {"value": "b"}], "X-One": "c"}
    (said,) = FakeRspamd(answer(action="no action", score=0, milter={"add_headers": added})).ask()
    assert said.headers == ("X-Spamd-Result: default: False\r\n\ta", "X-Two: a", "X-Two: b", "X-One: c")


def test_a_quarantine_of_rspamd_is_held() -> None:
    assert [one.act for one in FakeRspamd(answer(action="quarantine", score=9)).ask()] == [Act.HOLD, Act.TAG]


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"nonsense",
        b"HTTP/1.1 500 Oops\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nnot json",
        b"HTTP/1.1 200 OK\r\n\r\n[]",
        b'HTTP/1.1 200 OK\r\n\r\n{"action": 5}',
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        answer(action="no action", score="many"),
        answer(action="no action", score=[1]),
        answer(action="no action", milter={"add_headers": {"Bad Name": "x"}}),
        answer(action="no action", milter={"add_headers": {"Ünd": "x"}}),
    ],
)
def test_an_answer_of_rspamd_that_is_none(said: bytes) -> None:
    with pytest.raises(ScannerFailed):
        FakeRspamd(said).ask()

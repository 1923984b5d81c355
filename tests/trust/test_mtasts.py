"""MTA-STS: records, policies, how long they hold, and fetching them from a host nobody trusts."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.trust import fetching, mtasts, stspolicies
from mailcore.trust.fetching import FetchFailed
from mailcore.trust.models import StsPolicy
from mailcore.trust.mtasts import BadPolicy, Policy
from mailcore.trust.names import Names
from mailcore.trust.zone import ZoneNames
from tests.trust import certificates

NOW = 1_800_000_000
TEXT = "version: STSv1\r\nmode: enforce\r\nmx: mx.far.test\r\nmx: *.pool.far.test\nmax_age: 86400\r\n"
RECORD = '_mta-sts.far.test TXT "v=STSv1; id=20260101;"\n'


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (("v=STSv1; id=1;",), "1"),
        (("v=STSv1;id=abc", "other"), "abc"),
        (("v=STSv1; id=1", "v=STSv1; id=2"), None),
        (("v=STSv1; id=has-dash",), None),
        (("v=STSv1",), None),
        (("v=STSv2; id=1",), None),
        ((), None),
    ],
)
def test_records(texts: tuple[str, ...], found: str | None) -> None:
    assert mtasts.read_record(texts) == found


def test_a_policy() -> None:
    assert mtasts.parse(TEXT) == Policy("enforce", ("mx.far.test", "*.pool.far.test"), 86_400)
    assert mtasts.parse("version: STSv1\nmode: none\nmax_age: 9999999999").max_age == mtasts.MAX_AGE
    assert mtasts.parse(TEXT + "mode: none\nnew_key: x\n").mode == "enforce"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("STSv1", "STSv2"),
        ("enforce", "maybe"),
        ("max_age: 86400", ""),
        ("86400", "-1"),
        ("mx: ", "my: "),
        ("mx.far.test", "mx far"),
        ("mode:", "mode"),
    ],
)
def test_policies_of_no_use(old: str, new: str) -> None:
    with pytest.raises(BadPolicy):
        mtasts.parse(TEXT.replace(old, new))
    with pytest.raises(BadPolicy):
        mtasts.parse(TEXT + "x: y\n" * 20_000)


def test_hosts() -> None:
    patterns = ("mx.far.test", "*.pool.far.test")
    assert mtasts.matches("MX.far.test.", patterns)
    assert mtasts.matches("a.pool.far.test", patterns)
    for host in ("pool.far.test", "a.b.pool.far.test", "far.test", "mx.far.test.evil.test"):
        assert not mtasts.matches(host, patterns)


@settings(max_examples=100)
@given(st.text(max_size=200))
def test_parsing_never_raises_anything_else(noise: str) -> None:
    for text in (noise, TEXT + noise, noise + TEXT):
        try:
            mtasts.parse(text)
        except BadPolicy:
            continue
    mtasts.read_record([noise, f"v=STSv1; {noise}"])


class Web:
    def __init__(self, text: str = TEXT) -> None:
        self.text, self.asked, self.fails = text, 0, False

    def __call__(self, names: Names, domain: str) -> bytes:
        self.asked += 1
        if self.fails:
            raise FetchFailed("no answer")
        return self.text.encode()


@pytest.fixture
def web(db: None) -> Web:
    stspolicies.forget_failures()
    return Web()


def find(web: Web, zone: str = RECORD, *, now: int = NOW) -> tuple[str, str]:
    policy, fault = stspolicies.find(ZoneNames(zone), "far.test", now=now, fetch=web)
    return policy.mode if policy else "", fault


def test_a_policy_is_fetched_once_and_again_when_its_id_changes(web: Web) -> None:
    assert [find(web) for _ in range(3)] == [("enforce", "")] * 3
    assert web.asked == 1
    web.text = TEXT.replace("enforce", "testing")
    assert find(web, RECORD.replace("20260101", "2")) == ("testing", "")
    assert web.asked == 2


def test_what_an_attacker_takes_away_goes_on_holding(web: Web) -> None:
    find(web)
    assert find(web, "") == ("enforce", "")
    assert find(web, "_mta-sts.far.test FAIL") == ("enforce", "")
    web.fails = True
    assert find(web, RECORD.replace("20260101", "2")) == ("enforce", "sts-policy-fetch-error")
    assert find(web, "", now=NOW + 86_401) == ("", "")
    assert stspolicies.purge(now=NOW + 86_401) == 1
    assert not StsPolicy.objects.exists()


def test_a_dead_web_server_is_asked_once(web: Web) -> None:
    web.fails = True
    assert [find(web) for _ in range(3)] == [("", "sts-policy-fetch-error")] * 3
    assert web.asked == 1
    stspolicies.forget_failures()
    web.fails, web.text = False, "nonsense"
    assert find(web) == ("", "sts-policy-invalid")


def test_without_a_record_nothing_is_fetched(web: Web) -> None:
    assert find(web, "far.test A 192.0.2.1") == ("", "")
    assert web.asked == 0


AUTHORITY = certificates.make("authority", is_authority=True)
HOST = "mta-sts.far.test"


@contextmanager
def serving(reply: bytes, monkeypatch: pytest.MonkeyPatch, *, name: str = HOST) -> Iterator[ZoneNames]:
    listener = socket.create_server(("127.0.0.1", 0))
    context = certificates.serve(certificates.make(name, issuer=AUTHORITY))

    def serve() -> None:
        try:
            channel, _ = listener.accept()
            with channel, context.wrap_socket(channel, server_side=True) as secure:
                secure.recv(4_096)
                secure.sendall(reply)
        except OSError:
            return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    monkeypatch.setattr(fetching, "HTTPS_PORT", listener.getsockname()[1])
    yield ZoneNames(f"{HOST} A 127.0.0.1\n")
    listener.close()
    thread.join(5)


def fetch(names: ZoneNames) -> bytes:
    return fetching.fetch(
        names, host=HOST, path="/x", limit=100, may_talk_to=lambda _: True, make_context=lambda: certificates.believe(AUTHORITY)
    )


def test_fetching(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", monkeypatch) as names:
        assert fetch(names) == b"hello"


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/\r\n\r\n",
        b"HTTP/1.1 404 No\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 101,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + b"x" * 255 + b"\r\n0\r\n\r\n",
        b"SSH-2.0 hello\r\n",
        b"",
    ],
)
def test_anything_but_a_short_answer_is_nothing(reply: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(reply, monkeypatch) as names, pytest.raises(FetchFailed):
        fetch(names)


def test_the_certificate_must_be_right(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(b"", monkeypatch, name="other.test") as names, pytest.raises(FetchFailed) as caught:
        fetch(names)
    assert caught.value.is_certificate


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "224.0.0.1",
        "0.0.0.0",
        "2002:7f00:1::1",
        "64:ff9b::a00:1",
    ],
)
def test_never_from_inside(address: str) -> None:
    assert not fetching.is_public(address)
    kind = "AAAA" if ":" in address else "A"
    with pytest.raises(FetchFailed, match="not on the public internet"):
        fetching.fetch(ZoneNames(f"{HOST} {kind} {address}\n"), host=HOST, path="/", limit=10)


def test_no_address_and_no_answer() -> None:
    for zone in ("", f"{HOST} FAIL\n"):
        with pytest.raises(FetchFailed):
            fetching.fetch(ZoneNames(zone), host=HOST, path="/", limit=10)
    assert fetching.is_public("1.1.1.1")

"""Authentication-Results: what is written reads back, what is forged goes, everything else stays as it came."""

import authres
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.trust.fields import find_body
from mailcore.trust.results import Result, claims_to_be, remove_forged, write

HOST = "mx.facteur.test"
REST = b"From: a@b.test\r\nSubject: x\r\n\r\nAuthentication-Results: mx.facteur.test; in the body\r\n"


def test_another_program_reads_what_we_write() -> None:
    made = write(
        HOST,
        [
            Result("spf", "fail", (("smtp.mailfrom", "a b@far.test"),), 'nothing "there"'),
            Result("dkim", "pass", (("header.d", "far.test"), ("header.b", "ab/c+de="))),
            Result("iprev", "pass", (("policy.iprev", "2001:db8::1"),)),
        ],
    )
    read = authres.parse(f"Authentication-Results: {made.replace(chr(13) + chr(10), '')}")
    assert [(one.method, one.result) for one in read.results] == [("spf", "fail"), ("dkim", "pass"), ("iprev", "pass")]
    assert read.results[1].properties[1].value == "ab/c+de="
    assert write(HOST, []) == "mx.facteur.test;\r\n\tnone"


@pytest.mark.parametrize(
    "value",
    [
        b" mx.facteur.test; spf=pass",
        b"MX.Facteur.Test 1;\r\n\tspf=pass",
        b" (a (deep) comment) mx.facteur.test (x); spf=pass",
        b'\r\n\t"mx.facteur.test"; none',
        b" mx.facteur.test. ; none",
        b" mx.facteur.test",
        b" inner.mx.facteur.test; none",
    ],
)
def test_however_it_is_written_it_is_ours(value: bytes) -> None:
    assert claims_to_be(value, HOST)
    for raw in (b"Authentication-Results:" + value + b"\r\n" + REST, b"X-First: 1\r\nAUTHENTICATION-results :" + value + b"\r\n" + REST):
        cleaned, count = remove_forged(raw, hostname=HOST)
        assert (cleaned.removeprefix(b"X-First: 1\r\n"), count) == (REST, 1)


@pytest.mark.parametrize("value", [b" far.test; spf=pass", b" mx.facteur.test.evil.test; x", b" notmx.facteur.test2", b"", b" ;"])
def test_those_of_others_stay(value: bytes) -> None:
    raw = b"Authentication-Results:" + value + b"\r\n" + REST
    assert remove_forged(raw, hostname=HOST) == (raw, 0)


@settings(max_examples=100)
@given(
    st.lists(
        st.sampled_from([b"A: b\r\n", b"Authentication-Results: mx.facteur.test; x\r\n", b" more\r\n", b"\r\n", b"no field\r\n", b"x"])
    )
)
def test_nothing_else_changes(parts: list[bytes]) -> None:
    raw = b"".join(parts)
    cleaned, count = remove_forged(raw, hostname=HOST)
    assert (cleaned == raw) is (count == 0)
    assert remove_forged(cleaned, hostname=HOST) == (cleaned, 0)
    assert cleaned[find_body(cleaned)[1] :] == raw[find_body(raw)[1] :]
    left = iter(raw.split(b"\r\n"))
    assert all(line in left for line in cleaned.split(b"\r\n")), "lines kept, in their order"

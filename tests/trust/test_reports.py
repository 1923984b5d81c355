"""Reports of other hosts: both kinds, however packed; bombs, noise and lies; from RCPT to rows."""

import gzip
import io
import json
import zipfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.delivery import drain, routing
from mailcore.directory import domains
from mailcore.kernel.errors import NotFound
from mailcore.mime.building import Attachment, build
from mailcore.queue import journey
from mailcore.trust.models import ReceivedReport, ReportedRow
from mailcore.trust.reports import dmarcxml, reading, receiving, tlsjson, unpacking
from mailcore.trust.reports.unpacking import BadReport
from tests.delivery.cast import count_messages, make_domain, make_mailbox, send

NOW = 1_800_000_000
RECORD = """<record><row><source_ip>192.0.2.{n}</source_ip><count>{n}</count><policy_evaluated><disposition>none</disposition>
<dkim>{dkim}</dkim><spf>fail</spf><reason><type>forwarded</type><comment>known</comment></reason></policy_evaluated></row>
<identifiers><header_from>here.test</header_from></identifiers>
<auth_results><dkim><domain>here.test</domain><selector>s</selector><result>pass</result></dkim>
<spf><domain>else.test</domain><result>fail</result></spf></auth_results></record>"""


def dmarc(*records: str, domain: str = "here.test", report_id: str = "r1", head: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<feedback><report_metadata><org_name>Far &amp; Co</org_name><email>d@far.test</email>'
        f"<report_id>{report_id}</report_id><date_range><begin>1700000000</begin><end>1700086399</end></date_range></report_metadata>"
        f"<policy_published><domain>{domain}</domain><adkim>r</adkim><p>reject</p><pct>100</pct></policy_published>"
        f"{''.join(records)}</feedback>"
    ).encode()


GOOD = dmarc(RECORD.format(n=3, dkim="pass"), RECORD.format(n=4, dkim="fail"))
TLS: dict[str, Any] = {
    "organization-name": "Far",
    "date-range": {"start-datetime": "2026-04-01T00:00:00Z", "end-datetime": "2026-04-01T23:59:59Z"},
    "contact-info": "t@far.test",
    "report-id": "t1",
    "policies": [
        {
            "policy": {
                "policy-type": "sts",
                "policy-string": ["version: STSv1"],
                "policy-domain": "here.test",
                "mx-host": ["mx.here.test"],
            },
            "summary": {"total-successful-session-count": 5326, "total-failure-session-count": 303},
            "failure-details": [
                {
                    "result-type": "certificate-expired",
                    "sending-mta-ip": "2001:db8::1",
                    "receiving-mx-hostname": "mx.here.test",
                    "failed-session-count": 100,
                },
                {
                    "result-type": "starttls-not-supported",
                    "receiving-ip": "203.0.113.9",
                    "failed-session-count": 203,
                    "failure-reason-code": "why",
                },
            ],
        }
    ],
}


def tls(**changes: Any) -> bytes:
    return json.dumps(TLS | changes).encode()


def zipped(data: bytes, name: str = "r.xml") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return file.getvalue()


def letter(data: bytes, name: str = "report.xml.gz", kind: str = "application/gzip") -> bytes:
    return build(
        sender="d@far.test", to=["dmarc-reports@here.test"], subject="Report", text="See below.", attachments=[Attachment(name, kind, data)]
    )


def test_a_dmarc_report() -> None:
    report = dmarcxml.parse(GOOD)
    assert (report.reporter, report.domain, report.report_id, report.good, report.bad) == ("Far & Co", "here.test", "r1", 3, 4)
    assert (report.begins_at, report.ends_at, report.policy) == (1_700_000_000, 1_700_086_399, "p=reject adkim=r pct=100")
    first = report.lines[0]
    assert (first.source, first.host, first.result, first.count, first.is_good) == ("192.0.2.3", "here.test", "none", 3, True)
    assert (first.dkim, first.spf, first.note) == ("pass; here.test s pass", "fail; else.test fail", "forwarded known")


def test_reporters_differ_in_namespaces() -> None:
    named = (
        GOOD.replace(b"<feedback>", b'<feedback xmlns="urn:x" xmlns:y="z">')
        .replace(b"<count>", b"<y:count>")
        .replace(b"</count>", b"</y:count>")
    )
    assert dmarcxml.parse(named).good == 3


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<feedback>",
        b"<other/>",
        b"<feedback/>",
        dmarc(head="<!DOCTYPE feedback>"),
        dmarc(head='<!DOCTYPE f [<!ENTITY a "x"><!ENTITY b "&a;&a;">]>', domain="&b;"),
        dmarc(head='<!DOCTYPE f [<!ENTITY x SYSTEM "file:///etc/passwd">]>', domain="&x;"),
        b"<a>" * 100,
        b"<feedback>" + b"<a/>" * 1_001 + b"</feedback>",
        b'<?xml version="1.0" encoding="no-such"?><feedback/>',
    ],
)
def test_xml_that_is_not_read(text: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dmarcxml, "MAX_ELEMENTS", 1_000)
    with pytest.raises(BadReport):
        dmarcxml.parse(text)


def test_counts_are_of_all_and_rows_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dmarcxml, "MAX_ROWS", 2)
    report = dmarcxml.parse(dmarc(*[RECORD.format(n=1, dkim="pass")] * 5, RECORD.format(n="9" * 30, dkim="pass")))
    assert (len(report.lines), report.good) == (2, 5)


def test_a_tls_report() -> None:
    (report,) = tlsjson.parse(tls())
    assert (report.domain, report.reporter, report.good, report.bad, report.policy) == ("here.test", "Far", 5_326, 303, "sts")
    assert report.ends_at - report.begins_at == 86_399
    assert [(line.result, line.source, line.host, line.count, line.note) for line in report.lines] == [
        ("success (sts)", "", "", 5_326, ""),
        ("certificate-expired", "2001:db8::1", "mx.here.test", 100, ""),
        ("starttls-not-supported", "", "203.0.113.9", 203, "why"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        b"{",
        b"[]",
        b"{}",
        b"[" * 100_000,
        tls(policies="x"),
        tls(policies=[1, {"policy": 2}]),
        tls(**{"report-id": 7}),
        b'{"a": NaN}',
        b"\xff\xfe",
    ],
)
def test_json_that_is_not_read(text: bytes) -> None:
    with pytest.raises(BadReport):
        tlsjson.parse(text)


def test_odd_values_do_no_harm() -> None:
    odd = tls(**{"date-range": {"start-datetime": "yesterday", "end-datetime": 5}})
    (report,) = tlsjson.parse(odd.replace(b"5326", b"-1").replace(b"303", b"true").replace(b"100", b'"x"'))
    assert (report.begins_at, report.ends_at, report.good, report.bad, report.lines[0].count) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize("pack", [gzip.compress, zipped, lambda data: data])
def test_however_it_is_packed(pack: Any) -> None:
    assert list(unpacking.find(letter(pack(GOOD)))) == [GOOD]


def test_bombs_cost_what_a_report_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_PLAIN", 100_000)
    bomb = b"<" + b"\0" * 5_000_000
    for packed in (gzip.compress(bomb), zipped(bomb), bomb):
        with pytest.raises(BadReport):
            unpacking.unpack(packed)
    lying = bytearray(zipped(bomb))
    place = lying.index(b"PK\x01\x02") + 24
    lying[place : place + 4] = (5).to_bytes(4, "little")
    with pytest.raises(BadReport):
        unpacking._limited(unpacking.unpack(bytes(lying)))
    assert unpacking.unpack(gzip.compress(gzip.compress(bomb)))[:2] == b"\x1f\x8b", "packed twice is not unpacked twice"


@pytest.mark.parametrize(
    "data",
    [b"\x1f\x8b", b"PK\x03\x04", zipped(b"x")[:-30], gzip.compress(b"<x", mtime=0)[:12], b"\x1f\x8b" + b"\xff" * 50],
    ids=range(5),  # the bytes hold the time of day
)
def test_broken_packing(data: bytes) -> None:
    try:
        assert len(unpacking.unpack(data)) <= 12
    except BadReport as error:
        assert str(error)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"<feedback>", b"{", b"PK\x03\x04", b"\x1f\x8b\x08", GOOD[:300]]))
def test_noise_raises_nothing_else(noise: bytes, start: bytes) -> None:
    for read in (unpacking.unpack, dmarcxml.parse, tlsjson.parse, lambda data: list(unpacking.find(data))):
        try:
            read(start + noise)
        except BadReport:
            continue


@pytest.mark.django_db
def test_kept_once_and_only_about_us() -> None:
    domains.create(name="here.test")
    assert receiving.take(letter(gzip.compress(GOOD)), now=NOW) == (
        True,
        "Read as DMARC report of Far & Co about here.test: 3 good, 4 not.",
    )
    assert receiving.take(letter(GOOD), now=NOW)[1].endswith("It was here already.")
    assert receiving.take(letter(tls()), now=NOW)[0]
    assert ReceivedReport.objects.count() == 2
    assert ReportedRow.objects.count() == 5
    assert receiving.take(letter(dmarc(domain="mail.here.test", report_id="r2")), now=NOW)[0]
    assert receiving.take(letter(dmarc(domain="far.test")), now=NOW) == (
        False,
        "A DMARC report about far.test, which is not a domain of this server.",
    )
    for raw in (letter(b"nothing"), b"Subject: hello\r\n\r\nHello.\r\n", b"", letter(b"<x>")):
        kept, words = receiving.take(raw, now=NOW)
        assert not kept
        assert words.startswith("No report could be read: ")
    assert receiving.purge(now=NOW + receiving.KEEP_SECONDS + 1) == 8
    assert not ReportedRow.objects.exists()


@pytest.mark.django_db
def test_the_pages_read_what_was_kept() -> None:
    domains.create(name="here.test")
    domains.create(name="other.test")
    receiving.take(letter(GOOD), now=NOW)
    receiving.take(letter(dmarc(RECORD.format(n=4, dkim="pass"), report_id="r2")), now=NOW)
    receiving.take(letter(tls()), now=NOW)
    receiving.take(letter(dmarc(domain="other.test")), now=NOW)
    assert [(one.domain, one.kind, one.reports, one.good, one.bad) for one in reading.summarise(domains=["here.test"], since=0)] == [
        ("here.test", "dmarc", 2, 7, 4),
        ("here.test", "tls", 1, 5_326, 303),
    ]
    assert len(reading.summarise(domains=None, since=0)) == 3
    assert reading.summarise(domains=None, since=NOW) == []
    first, *rest = reading.list_reports(domains=["here.test"], kind="dmarc")
    assert (first.report_id, [one.report_id for one in rest]) == ("r2", ["r1"])
    assert [one.report_id for one in reading.list_reports(domains=["here.test"], kind="dmarc", before=first.id)] == ["r1"]
    entry, lines = reading.get_report(report_id=rest[0].id, domains=["here.test"])
    assert (entry.reporter, [line.count for line in lines]) == ("Far & Co", [4, 3])
    assert reading.list_sources(domain="here.test", since=0) == [reading.Source("192.0.2.4", 4, 4), reading.Source("192.0.2.3", 3, 0)]
    with pytest.raises(NotFound):
        reading.get_report(report_id=entry.id, domains=["other.test"])


@pytest.mark.django_db
def test_a_flood_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    domains.create(name="here.test")
    monkeypatch.setattr(receiving, "MAX_A_DAY", 2)
    kept = [receiving.take(letter(dmarc(report_id=f"r{n}\0")), now=NOW)[0] for n in range(3)]
    assert kept == [False, False, False], "NUL is no XML"
    assert [receiving.take(letter(dmarc(report_id=f"r{n}")), now=NOW)[0] for n in range(3)] == [True, True, False]


@pytest.mark.django_db(transaction=True)
def test_from_the_door_to_the_rows() -> None:
    make_domain()
    routing.check_recipient(address="DMARC-reports@here.test", principal=None, size=0)
    trace_id = send("dmarc-reports@here.test", raw=letter(gzip.compress(GOOD)))
    other = send("tls-reports@here.test")
    drain.drain(owner="test")
    assert ReceivedReport.objects.get().reporter == "Far & Co"
    assert "Read as DMARC report of Far & Co" in journey.list_steps(trace_id=trace_id)[-1].text
    last = journey.list_steps(trace_id=other)[-1]
    assert (last.stage, "No report could be read" in last.text) == ("discarded", True)


@pytest.mark.django_db(transaction=True)
def test_who_has_the_address_gets_the_mail() -> None:
    make_domain()
    box = make_mailbox("dmarc-reports@here.test")
    send("dmarc-reports@here.test", raw=letter(GOOD))
    drain.drain(owner="test")
    assert count_messages(box) == 1
    with pytest.raises(NotFound):
        routing.check_recipient(address="other-reports@here.test", principal=None, size=0)

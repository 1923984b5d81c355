"""Reports we send: counted at the door and on the way out, sent once, readable by our own reader and another's."""

import dataclasses
import gzip
import time
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

import pytest

from mailcore.kernel.envelope import Envelope, EnvelopeRecipient
from mailcore.kernel.errors import Denied
from mailcore.kernel.ids import BlobId
from mailcore.queue.models import Entry
from mailcore.store import blobs
from mailcore.trust import arrival, dmarcoutcomes, keys, tlsoutcomes, upkeep
from mailcore.trust.models import DmarcOutcome, TlsOutcome
from mailcore.trust.reports import dmarcxml, sending, tlsjson, unpacking
from mailcore.trust.zone import ZoneNames
from tests.delivery.cast import make_domain
from tests.trust.keys import signing_ed
from tests.trust.test_arrival import ZONE
from tests.trust.test_dkim import MESSAGE, sign_ours

pytestmark = pytest.mark.django_db
DAY = 86_400
NOW = (int(time.time()) // DAY + 1) * DAY + 3_600
"""Tomorrow: signatures made in the test are not from the future."""
BEGIN = NOW - 3_600
TODAY = datetime.fromtimestamp(NOW, UTC).date()
MORE = '_smtp._tls.ann.test TXT "v=TLSRPTv1; rua=mailto:t@ann.test,https://x.test"\n'


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    keys.forget_cached()
    monkeypatch.setattr(dmarcoutcomes, "_waiting", {})
    monkeypatch.setattr(dmarcoutcomes, "_written_at", NOW)
    monkeypatch.setattr(arrival.time, "time", lambda: NOW)


def make_sender() -> None:
    make_domain()
    shown = keys.ensure(domain="here.test")
    keys.activate(domain="here.test", selector=shown[1].selector)


def receive(raw: bytes, peer: str) -> None:
    envelope = Envelope("ann@ann.test", (EnvelopeRecipient("bo@here.test"),))
    arrival.examine(envelope=envelope, raw=raw, peer=peer, helo="h", names=ZoneNames(ZONE))


def posted() -> Any:
    entry = Entry.objects.order_by("-id").first()
    assert entry is not None
    return message_from_bytes(blobs.read(BlobId(entry.blob_id)), policy=policy.default)


def test_mail_is_counted_and_reported_the_day_after() -> None:
    make_sender()
    for _ in range(3):
        receive(MESSAGE, "192.0.2.7")
    with pytest.raises(Denied):
        receive(MESSAGE, "203.0.113.9")
    assert not DmarcOutcome.objects.exists(), "counts wait in memory"
    dmarcoutcomes.flush()
    receive(MESSAGE, "192.0.2.7")
    dmarcoutcomes.flush()
    assert sorted(DmarcOutcome.objects.values_list("source", "disposition", "count")) == [
        ("192.0.2.7", "none", 4),
        ("203.0.113.9", "reject", 1),
    ]
    assert sending.send_due(names=ZoneNames(ZONE), now=NOW) == 0, "the day is not over"
    assert sending.send_due(names=ZoneNames(ZONE), now=NOW + DAY) == 1
    assert sending.send_due(names=ZoneNames(ZONE), now=NOW + DAY) == 0
    letter = posted()
    assert letter["Subject"].startswith("Report Domain: ann.test Submitter: here.test Report-ID: <")
    assert letter["To"] == "d@ann.test"
    attachment = letter.get_payload()[1]
    assert attachment.get_filename() == f"here.test!ann.test!{BEGIN}!{BEGIN + 86_399}.xml.gz"
    report = dmarcxml.parse(gzip.decompress(attachment.get_payload(decode=True)))
    assert (report.domain, report.reporter, report.good, report.bad) == ("ann.test", "here.test", 4, 1)
    assert {(line.source, line.result, line.is_good) for line in report.lines} == {
        ("192.0.2.7", "none", True),
        ("203.0.113.9", "reject", False),
    }
    assert report.policy == "p=reject sp=quarantine adkim=r aspf=r pct=100"


def test_signatures_and_overrides_are_told(settings: Any) -> None:
    make_sender()
    settings.FACTEUR = dataclasses.replace(settings.FACTEUR, dmarc="quarantine")
    receive(sign_ours(MESSAGE, signing_ed()), "203.0.113.9")
    receive(MESSAGE.replace(b"Tea", b'<&"'), "203.0.113.9")
    dmarcoutcomes.flush()
    sending.send_due(names=ZoneNames(ZONE), now=NOW + DAY)
    (text,) = unpacking.find(posted().as_bytes())
    first, second = sorted(dmarcxml.parse(text).lines, key=lambda line: line.result)
    assert (first.result, first.dkim, first.spf) == ("none", "pass; ann.test e pass", "fail; ann.test fail")
    assert (second.result, second.note) == ("quarantine", "local_policy")


def test_reports_go_only_where_they_are_wanted() -> None:
    make_sender()
    elsewhere = ZONE.replace("mailto:d@ann.test", "mailto:d@far.test,mailto:e@sub.ann.test!10m,https://x.test")
    for zone, found in (
        (elsewhere, ["e@sub.ann.test"]),
        (elsewhere + 'ann.test._report._dmarc.far.test TXT "v=DMARC1"\n', ["d@far.test", "e@sub.ann.test"]),
    ):
        names = ZoneNames(zone)
        wanted = sending.dmarc.find_policy(names, "ann.test")
        assert wanted is not None
        assert sending.find_dmarc_addresses(names, wanted) == found
    receive(MESSAGE, "192.0.2.7")
    dmarcoutcomes.flush()
    assert sending.send_due(names=ZoneNames("_dmarc.ann.test FAIL"), now=NOW + DAY) == 0
    assert DmarcOutcome.objects.exists(), "asked again later"
    assert sending.send_due(names=ZoneNames(""), now=NOW + DAY) == 0
    assert not DmarcOutcome.objects.exists()


def test_a_tls_report() -> None:
    make_sender()
    for result, count in (("", 5), ("certificate-expired", 2)):
        for _ in range(count):
            tlsoutcomes.note(domain="ann.test", policy="sts", result=result, host="mx.ann.test", address="192.0.2.1", now=NOW)
    assert sending.find_tls_addresses(ZoneNames(MORE), "ann.test") == ["t@ann.test"]
    assert sending.send_due(names=ZoneNames(MORE), now=NOW + DAY) == 1
    letter = posted()
    assert letter.get_content_type() == "multipart/report"
    assert letter["Content-Type"].params["report-type"] == "tlsrpt"
    assert (letter["TLS-Report-Domain"], letter["TLS-Report-Submitter"]) == ("ann.test", "here.test")
    attachment = letter.get_payload()[1]
    assert attachment.get_content_type() == "application/tlsrpt+gzip"
    (report,) = tlsjson.parse(gzip.decompress(attachment.get_payload(decode=True)))
    assert (report.domain, report.good, report.bad, report.begins_at) == ("ann.test", 5, 2, BEGIN)
    assert [(line.result, line.host, line.count) for line in report.lines] == [
        ("success (sts)", "", 5),
        ("certificate-expired", "mx.ann.test", 2),
    ]
    assert not TlsOutcome.objects.exists()


def test_a_server_nobody_knows_writes_to_nobody(settings: Any) -> None:
    make_domain()
    tlsoutcomes.note(domain="ann.test", policy="sts", result="", now=NOW)
    assert sending.send_due(names=ZoneNames(MORE), now=NOW + DAY) == 0
    assert TlsOutcome.objects.exists()


def test_upkeep_makes_publishes_and_purges() -> None:
    make_domain()
    tlsoutcomes.note(domain="ann.test", policy="sts", result="", now=NOW - 90 * DAY)
    upkeep.run(names=ZoneNames(""), now=NOW)
    shown = keys.list_keys(domain="here.test")
    assert [one.state for one in shown] == ["pending", "pending"]
    assert not TlsOutcome.objects.exists()
    upkeep.run(names=ZoneNames("".join(f'{one.name} TXT "{one.record}"\n' for one in shown)), now=NOW)
    assert [one.state for one in keys.list_keys(domain="here.test")] == ["active", "active"]


def test_odd_names_break_no_document() -> None:
    outcome = dmarcoutcomes.Outcome("a<b>&.test", "ann.test", "192.0.2.1", "none", False, False, "x\0\ud800", "fail", "", "")
    dmarcoutcomes.note(outcome, now=NOW)
    dmarcoutcomes.flush()
    row = DmarcOutcome.objects.get()
    count = sending.DmarcCount(row.author, row.source, "none", False, False, row.spf_domain, "fail", "", "", 1)
    wanted = sending.dmarc.parse("v=DMARC1; p=none", "ann.test")
    assert wanted is not None
    text = sending.writing.write_dmarc(wanted, [count], reporter=sending.Reporter("r", "c@r.test"), report_id="1", begin=0)
    assert dmarcxml.parse(text).lines[0].host == "a<b>&.test"

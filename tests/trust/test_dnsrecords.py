"""The records a domain should have, and what is thought of those it has."""

import dataclasses
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from mailcore.directory import domains
from mailcore.kernel.errors import NotFound
from mailcore.trust import dnsrecords, keys, mtasts, naming, publishing
from mailcore.trust.dnsrecords import Row
from mailcore.trust.names import reverse_name
from mailcore.trust.zone import ZoneNames

pytestmark = pytest.mark.django_db
HOST = "mx.facteur.test"
HOST_ZONE = f"{HOST} A 192.0.2.25\n{HOST} AAAA 2001:db8::25\n"
REVERSE = f"{reverse_name('192.0.2.25')} PTR {HOST}\n{reverse_name('2001:db8::25')} PTR {HOST}\n"


@pytest.fixture(autouse=True)
def domain() -> None:
    keys.forget_cached()
    domains.create(name="here.test")


def zone_of(rows: list[Row]) -> str:
    return HOST_ZONE + REVERSE + "".join(dnsrecords.show(row) + "\n" for row in rows)


def judge(text: str) -> dict[str, tuple[str, str]]:
    return {row.purpose: (row.state, row.why) for row in dnsrecords.check("here.test", ZoneNames(text)) if row.type != "CNAME"}


def test_what_is_pasted_is_found_good() -> None:
    rows = dnsrecords.wanted("here.test")
    assert [row.purpose for row in rows[:6]] == ["mx", "spf", "dkim", "dkim", "dmarc", "mta-sts"]
    checked = dnsrecords.check("here.test", ZoneNames(zone_of(rows)))
    assert {row.state for row in checked} == {"ok"}
    assert max(len(part) for row in rows for part in dnsrecords.show(row).split('"')[1::2]) <= 255


def test_nothing_there_yet() -> None:
    rows = dnsrecords.check("here.test", ZoneNames(""))
    assert {row.state for row in rows if row.purpose != "blocklist"} == {"missing"}
    assert [(row.name, row.state) for row in rows if row.purpose == "blocklist"] == [("here.test", "ok")]


def test_no_answer_is_not_an_absence() -> None:
    found = judge("here.test FAIL\n_dmarc.here.test FAIL\n")
    assert (found["mx"][0], found["spf"][0], found["dmarc"][0]) == ("unknown", "unknown", "unknown")


@pytest.mark.parametrize(
    ("record", "purpose", "state", "why"),
    [
        ("here.test MX 5 mx.else.test", "mx", "differs", "mx.else.test"),
        (f"here.test MX 5 {HOST}\nhere.test MX 9 backup.test", "mx", "ok", "1 more"),
        ('here.test TXT "v=spf1 ip4:192.0.2.25 ip6:2001:db8::/32 ~all"', "spf", "ok", "lets this server"),
        ('here.test TXT "v=spf1 ip4:192.0.2.25 -all"', "spf", "differs", "2001:db8::25"),
        ('here.test TXT "v=spf1 ipv4:x"', "spf", "differs", "permerror"),
        ('here.test TXT "something else"', "spf", "missing", "no such"),
        ('_dmarc.here.test TXT "v=DMARC1; p=none"', "dmarc", "ok", "only watches"),
        ('_dmarc.here.test TXT "v=DMARC1; p=everything"', "dmarc", "differs", "no DMARC record"),
        ('_dmarc.here.test TXT "hello"', "dmarc", "differs", "no DMARC record"),
        ('_mta-sts.here.test TXT "v=STSv1; id=old"', "mta-sts", "differs", "id"),
        ('_smtp._tls.here.test TXT "v=TLSRPTv1; rua=https://x.test"', "tls-rpt", "ok", "published"),
        ('_smtp._tls.here.test TXT "v=TLSRPTv2; rua=x"', "tls-rpt", "differs", "one record"),
    ],
)
def test_records_are_judged_by_meaning(record: str, purpose: str, state: str, why: str) -> None:
    found = judge(HOST_ZONE + record)[purpose]
    assert found[0] == state
    assert why in found[1]


def test_another_key_under_our_selector() -> None:
    (first, _) = keys.ensure(domain="here.test")
    other = first.record[:-20] + "A" * 20
    rows = dnsrecords.check("here.test", ZoneNames(f'{first.name} TXT "{other}"\n'))
    assert next(row.state for row in rows if row.name == first.name) == "differs"


@pytest.mark.parametrize(
    ("zone", "states"),
    [
        (HOST_ZONE + REVERSE, ["ok", "ok", "ok"]),
        (HOST_ZONE, ["ok", "missing", "missing"]),
        (HOST_ZONE + REVERSE.replace(HOST, "vps.else.test") + "vps.else.test A 192.0.2.25\n", ["ok", "differs", "differs"]),
        (HOST_ZONE + f"{reverse_name('192.0.2.25')} FAIL\n{reverse_name('2001:db8::25')} PTR {HOST}\n", ["ok", "unknown", "ok"]),
        (f"{HOST} FAIL\n", ["unknown"]),
        ("", ["missing"]),
    ],
)
def test_the_server_itself(zone: str, states: list[str]) -> None:
    assert [row.state for row in dnsrecords.check_host(ZoneNames(zone))] == states


@pytest.mark.parametrize(
    ("smarthost", "words"), [("relay.test:587", " a:relay.test"), ("192.0.2.9", " ip4:192.0.2.9"), ("[2001:db8::9]:25", " ip6:2001:db8::9")]
)
def test_a_smarthost_may_send(settings: Any, smarthost: str, words: str) -> None:
    settings.FACTEUR = dataclasses.replace(settings.FACTEUR, smarthost=smarthost)
    assert f"v=spf1 mx{words} -all" in [row.wanted for row in dnsrecords.wanted("here.test")]


def test_only_domains_of_ours() -> None:
    with pytest.raises(NotFound):
        dnsrecords.wanted("far.test")


def test_the_commands(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    out = StringIO()
    call_command("dns", "here.test", stdout=out)
    assert f"here.test. IN MX 10 {HOST}." in out.getvalue()
    assert '_dmarc.here.test. IN TXT "v=DMARC1; p=quarantine; rua=mailto:dmarc-reports@here.test"' in out.getvalue()
    for module in ("dns", "dkim"):
        monkeypatch.setattr(f"mailcore.management.commands.{module}.get_names", lambda: ZoneNames(HOST_ZONE + REVERSE + out.getvalue()))
    call_command("dns", "here.test", "--check", stdout=StringIO())
    said = StringIO()
    call_command("dkim", "check", "here.test", stdout=said)
    assert said.getvalue().count("active") == 2
    call_command("dkim", "rotate", "here.test", stdout=said)
    selector = keys.list_keys(domain="here.test")[2].selector
    call_command("dkim", "activate", "here.test", selector, stdout=said)
    call_command("dkim", "remove", "here.test", selector, stdout=said)
    with pytest.raises(CommandError):
        call_command("dkim", "remove", "here.test", "nothing")
    with pytest.raises(CommandError):
        call_command("dns", "far.test")
    monkeypatch.setattr("mailcore.management.commands.dns.get_names", lambda: ZoneNames(""))
    with pytest.raises(SystemExit):
        call_command("dns", "here.test", "--check", stdout=StringIO())


def test_the_policy_others_fetch() -> None:
    reply = Client().get("/.well-known/mta-sts.txt")
    assert reply["Content-Type"].startswith("text/plain")
    assert mtasts.parse(reply.content.decode()) == mtasts.Policy("testing", (HOST,), publishing.OWN_MAX_AGE)
    assert Client().post("/.well-known/mta-sts.txt").status_code == 405


def test_a_zone_file_of_the_settings_is_asked(settings: Any) -> None:
    (settings.FACTEUR.data / "trial.zone").write_text('x.test TXT "there"\n')
    settings.FACTEUR = dataclasses.replace(settings.FACTEUR, zone_file="trial.zone")
    found = naming.get_names()
    assert found.look_up("X.test.", dnsrecords.Kind.TXT).records == ("there",)
    assert naming.get_names() is found

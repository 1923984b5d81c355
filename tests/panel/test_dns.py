"""The DNS page and its twin in the API; how mail programs set themselves up."""

from xml.etree import ElementTree

import pytest
from directory.cast import Cast
from django.test import Client

from mailcore.audit.models import Event
from mailcore.directory import keys as apikeys
from mailcore.trust import keys
from mailcore.trust.zone import ZoneNames

from .test_panel import as_


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ZoneNames('example.test MX 10 elsewhere.test\n_dmarc.example.test TXT "v=DMARC1; p=reject"')
    monkeypatch.setattr("admin_panel.pages.dns.get_names", lambda: names)
    monkeypatch.setattr("admin_panel.api.dns.get_names", lambda: names)


def test_the_wanted_records_are_lines_to_paste(cast: Cast) -> None:
    text = as_(cast.bo.user).get(f"/panel/domains/{cast.example.id}/dns").content.decode()
    for words in ("example.test. IN MX 10 mx.facteur.test.", "v=spf1 mx -all", "v=DMARC1", "_domainkey.example.test", "Needed"):
        assert words in text


def test_what_the_dns_says_is_shown_beside_it(cast: Cast, zone: None) -> None:
    text = as_(cast.bo.user).get(f"/panel/domains/{cast.example.id}/dns?check=1").content.decode()
    assert "need mending" in text
    assert "Mail goes to elsewhere.test, and not to this server." in text
    assert "Mail that is not proved: reject." in text


def test_the_name_of_the_server_and_the_blocklists_are_explained(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ZoneNames(
        "mx.facteur.test A 8.8.4.4\n4.4.8.8.in-addr.arpa PTR host.provider.test\nhost.provider.test A 8.8.4.4\n"
        "4.4.8.8.zen.spamhaus.org A 127.0.0.2\n4.4.8.8.bl.spamcop.net A 127.255.255.254\nexample.test.dbl.spamhaus.org A 127.255.255.254"
    )
    monkeypatch.setattr("admin_panel.pages.dns.get_names", lambda: names)
    text = as_(cast.bo.user).get(f"/panel/domains/{cast.example.id}/dns?check=1").content.decode()
    assert "8.8.4.4 is called host.provider.test, and others expect mx.facteur.test." in text
    assert "8.8.4.4 is on zen.spamhaus.org: many hosts refuse its mail." in text
    assert "example.test is on none of 1 lists. No answer came from dbl.spamhaus.org." in text
    assert "the address of this server" not in text.partition("<textarea")[2]


def test_new_keys(cast: Cast) -> None:
    client = as_(cast.bo.user)
    client.get(f"/panel/domains/{cast.example.id}/dns")
    first = keys.list_keys(domain="example.test")
    client.post(f"/panel/domains/{cast.example.id}/dns/activate", {"selector": first[0].selector})
    client.post(f"/panel/domains/{cast.example.id}/dns/rotate")
    states = [key.state for key in keys.list_keys(domain="example.test")]
    assert sorted(states) == ["active", "pending", "pending"]
    assert {"domain.dkim_activated", "domain.dkim_rotated"} <= set(Event.objects.values_list("action", flat=True))


def test_the_api_has_the_same(cast: Cast, zone: None) -> None:
    _, text = apikeys.create(owner=cast.root, name="k", scopes=("domains:read", "domains:write"))
    client = Client(headers={"Authorization": f"Bearer {text}"})
    rows = client.get(f"/api/v1/domains/{cast.example.id}/dns?check=true").json()
    assert {row["purpose"]: row["state"] for row in rows}["mx"] == "differs"
    made = client.post(f"/api/v1/domains/{cast.example.id}/dkim-keys").json()
    assert len(made) == 2


def test_mail_programs_are_told_where_the_server_is(cast: Cast) -> None:
    client = Client()
    for address in ("/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml"):
        answer = client.get(address, {"emailaddress": "ann@example.test"})
        tree = ElementTree.fromstring(answer.content)
        assert [server.findtext("port") for server in tree.iter("incomingServer")] == ["993", "143", "995"]
    body = "<Autodiscover><Request><EMailAddress>ann@example.test</EMailAddress></Request></Autodiscover>"
    answer = client.post("/Autodiscover/Autodiscover.xml", body, content_type="text/xml")
    assert b"<Type>IMAP</Type><Server>mx.facteur.test</Server><Port>993</Port>" in answer.content
    answer = client.get("/mail.mobileconfig", {"email": "ann@example.test"})
    ElementTree.fromstring(answer.content)
    assert b"<string>ann@example.test</string>" in answer.content
    assert client.get("/mail/config-v1.1.xml", headers={"Host": "autoconfig.example.test"}).status_code == 200


@pytest.mark.parametrize("address", ["x@elsewhere.test", "", "bad", 'a"<b>@example.test'])
def test_of_other_domains_they_learn_nothing(cast: Cast, address: str) -> None:
    client = Client()
    assert client.get("/mail/config-v1.1.xml", {"emailaddress": address}).status_code == 404
    assert client.get("/mail.mobileconfig", {"email": address}).status_code == 404
    body = f"<EMailAddress>{address}</EMailAddress>"
    assert client.post("/autodiscover/autodiscover.xml", body, content_type="text/xml").status_code == 404

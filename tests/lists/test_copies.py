"""Copies on their way to other hosts: a sender for each member, and links a signature covers."""

import re
from collections.abc import Iterator

import pytest
from django.conf import settings

from mailcore.delivery import drain, remote
from mailcore.kernel.envelope import Origin
from mailcore.lists import fanning, roster
from mailcore.lists.models import Member
from mailcore.queue.models import Recipient
from mailcore.trust import keys as dkim_keys
from tests.delivery.sink import FakeResolver, Sink
from tests.lists.cast import letter, make_list, send

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    with Sink() as sink:
        monkeypatch.setattr(remote, "SMTP_PORT", sink.port)
        yield sink


def run() -> None:
    resolver = FakeResolver({"far.test": ["mx.far.test"], "strict.test": ["mx.far.test"]})
    while drain.drain(owner="test", resolver=resolver):
        pass


def test_each_copy_has_its_own_sender_and_link(sink: Sink) -> None:
    row = make_list(post_policy="open")
    people = [roster.add(row=row, email=f"p{number}@far.test") for number in range(3)]
    send(letter("zoe@far.test"))
    run()
    assert sorted(one.recipients[0] for one in sink.taken) == [member.email for member in people]
    senders = {one.recipients[0]: one.sender for one in sink.taken}
    for member in people:
        assert senders[member.email] == f"team-bounces+{member.key}@here.test"
    links = {re.search(rb"List-Unsubscribe: <(\S+)>", one.data)[1] for one in sink.taken}  # type: ignore[index]
    assert len(links) == 3
    assert sink.connections == 1


def test_a_refusal_at_the_door_counts_for_that_member(sink: Sink) -> None:
    row = make_list(post_policy="open")
    good, bad = roster.add(row=row, email="good@far.test"), roster.add(row=row, email="bad@far.test")
    sink.answers["RCPT TO:<bad@"] = "550 5.1.1 no such user"
    send(letter("zoe@far.test"))
    run()
    scores = dict(Member.objects.filter(pk__in=[good.pk, bad.pk]).values_list("email", "bounce_score"))
    assert scores == {"good@far.test": 0.0, "bad@far.test": 1.0}
    assert not Recipient.objects.filter(state="queued").exists()
    assert fanning.run() == 0


def test_the_signature_covers_the_links(sink: Sink) -> None:
    row = make_list(post_policy="open")
    roster.add(row=row, email="p@far.test")
    make_signing_key("here.test")
    send(letter("zoe@far.test"))
    run()
    copy = sink.taken[0].data
    signature = re.search(rb"DKIM-Signature:(?:[^\r]|\r\n[ \t])*", copy)
    assert signature is not None
    text = re.sub(rb"\s", b"", signature[0]).lower()
    assert b"d=here.test" in text
    assert b"list-unsubscribe" in text and b"list-unsubscribe-post" in text


def make_signing_key(domain: str) -> None:
    for key in dkim_keys.ensure(domain=domain):
        dkim_keys.activate(domain=domain, selector=key.selector)


def test_what_was_found_of_the_author_goes_along(sink: Sink) -> None:
    row = make_list(post_policy="open")
    roster.add(row=row, email="p@far.test")
    make_signing_key("here.test")
    found = f"Authentication-Results: {settings.FACTEUR.hostname}; dmarc=pass header.from=far.test\r\n"
    send(letter("zoe@far.test"), origin=Origin("smtp", peer="192.0.2.7", helo="mail.far.test", headers=(found.strip(),)))
    run()
    copy = sink.taken[0].data
    assert b"ARC-Seal: i=1;" in copy and b"cv=none" in copy
    results = re.search(rb"ARC-Authentication-Results: i=1;[^\r]*", copy)
    assert results is not None and b"dmarc=pass" in results[0]

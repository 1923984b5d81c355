"""Certificates by ACME, against a server that checks every signature and nonce."""

import dataclasses
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from mailcore.audit.models import Event
from mailcore.certificates import obtaining, orders, renewing, shelf
from mailcore.certificates.models import Account, Answer, Certificate
from mailcore.kernel.errors import BadSyntax, Conflict, NotFound, Refused
from tests.certificates.fakeacme import FakeAcme, Problem

NOW = 1_790_000_000
DAY = 86_400


def ask_our_web(name: str, path: str) -> tuple[int, bytes]:
    answer = Client().get(path, headers={"host": name})
    return answer.status_code, answer.content


@pytest.fixture
def acme(transactional_db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAcme]:
    monkeypatch.setattr("acme.client.time.sleep", lambda seconds: None)
    fake = FakeAcme(ask_our_web)
    settings.ALLOWED_HOSTS = ["only.this.test"]
    settings.FACTEUR = dataclasses.replace(settings.FACTEUR, acme_directory=fake.directory_url, acme_contact="ops@example.org")
    yield fake
    fake.close()


def test_a_certificate_for_two_names(acme: FakeAcme) -> None:
    orders.order(names=["MX1.example.org", "mail.example.org"], agrees=True)
    assert renewing.run() == 1
    (held,) = shelf.read_rows()
    assert held.material.names == ("mx1.example.org", "mail.example.org")
    assert held.material.leaf.issuer == acme.authority.certificate.subject
    (shown,) = orders.list_all()
    assert shown.is_obtained and not shown.failures
    life = shown.not_after - held.material.not_before
    assert shown.next_attempt_at is not None
    assert shown.not_after - life // 3 - life // 30 - 1 <= shown.next_attempt_at <= shown.not_after - life // 3
    assert acme.contacts == [["mailto:ops@example.org"]]
    assert not Answer.objects.exists()
    assert set(Event.objects.values_list("action", flat=True)) == {"certificate.ordered", "certificate.obtained"}


def test_no_key_lies_in_clear(acme: FakeAcme) -> None:
    orders.order(names=["mx1.example.org"], agrees=True)
    renewing.run()
    assert "PRIVATE" not in Certificate.objects.get().sealed
    assert "PRIVATE" not in Account.objects.get().sealed


def test_it_is_renewed_with_the_same_account_and_a_new_key(acme: FakeAcme) -> None:
    orders.order(names=["mx1.example.org"], agrees=True)
    renewing.run()
    before, stamp = Certificate.objects.get(), shelf.look_at_rows()
    assert before.next_attempt_at is not None
    assert renewing.run(now=before.next_attempt_at - 1) == 0
    assert renewing.run(now=before.next_attempt_at) == 1
    after = Certificate.objects.get()
    assert after.chain != before.chain and shelf.look_at_rows() != stamp
    assert len(acme.accounts) == 1


def test_an_account_registered_just_before_a_crash_is_found_again(acme: FakeAcme) -> None:
    orders.order(names=["mx1.example.org"], agrees=True)
    renewing.run()
    Account.objects.update(uri="")
    orders.renew(name="mx1.example.org")
    assert renewing.run() == 1
    assert len(acme.accounts) == 1 and Account.objects.get().uri


def test_a_name_that_leads_elsewhere_is_said_and_tried_again_later_and_later(acme: FakeAcme) -> None:
    acme.fetch = lambda name, path: (404, b"") if name == "mail.example.org" else ask_our_web(name, path)
    orders.order(names=["mx1.example.org", "mail.example.org"], agrees=True, now=NOW)
    waits, at = [], NOW
    for number in range(1, 10):
        assert renewing.run(now=at) == 0
        row = Certificate.objects.get()
        assert (row.failures, row.chain) == (number, "")
        assert "mail.example.org answered 404" in row.last_text
        assert row.next_attempt_at is not None
        waits.append(row.next_attempt_at - at)
        at = row.next_attempt_at
    assert 720 <= waits[0] <= 1_080 and 1_440 <= waits[1] <= 2_160 and 0.8 * DAY <= waits[-1] <= 1.2 * DAY
    assert not Answer.objects.exists()


def test_what_the_server_refuses_is_said(acme: FakeAcme) -> None:
    acme.refuses_orders = Problem("rateLimited", "too many certificates for example.org", 429)
    orders.order(names=["mx1.example.org"], agrees=True)
    assert renewing.run() == 0
    assert "too many certificates for example.org" in orders.list_all()[0].last_text


def test_an_old_certificate_stays_while_its_renewal_fails(acme: FakeAcme) -> None:
    orders.order(names=["mx1.example.org"], agrees=True)
    renewing.run()
    chain = Certificate.objects.get().chain
    acme.close()
    orders.renew(name="mx1.example.org")
    assert renewing.run() == 0
    row = Certificate.objects.get()
    assert row.chain == chain and row.failures == 1 and row.last_text


def test_two_workers_do_not_order_the_same(acme: FakeAcme) -> None:
    orders.order(names=["mx1.example.org"], agrees=True, now=NOW)
    assert len(orders.claim_due(now=NOW)) == 1
    assert orders.claim_due(now=NOW) == []
    assert len(orders.claim_due(now=NOW + orders.LEASE)) == 1


def test_one_that_is_removed_meanwhile_stays_removed(acme: FakeAcme) -> None:
    orders.order(names=["mx1.example.org"], agrees=True, now=NOW)
    (due,) = orders.claim_due(now=NOW)
    material = obtaining.obtain(due.names)
    orders.remove(name="mx1.example.org")
    orders.keep(due, material)
    orders.fail(due, "late", now=NOW)
    assert orders.list_all() == []


@pytest.mark.parametrize(
    ("names", "error", "text"),
    [
        (["*.example.org"], Refused, "DNS"),
        (["localhost"], BadSyntax, "localhost"),
        (["a b.example.org"], BadSyntax, "domain name"),
        ([" "], BadSyntax, "at least one"),
        ([f"n{number}.example.org" for number in range(101)], Refused, "100"),
    ],
)
def test_names_that_cannot_be_had(acme: FakeAcme, names: list[str], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        orders.order(names=names, agrees=True)
    assert not Certificate.objects.exists()


def test_nothing_is_ordered_before_the_terms_are_agreed_to(acme: FakeAcme, settings: Any) -> None:
    with pytest.raises(Refused, match="agree to the terms"):
        orders.order(names=["mx1.example.org"])
    orders.order(names=["mx1.example.org"], agrees=True)
    orders.order(names=["mx1.example.org", "mx2.example.org"])
    assert orders.list_all()[0].names == ("mx1.example.org", "mx2.example.org")
    settings.FACTEUR = dataclasses.replace(settings.FACTEUR, acme_directory="")
    with pytest.raises(Refused, match="FACTEUR_ACME_DIRECTORY"):
        orders.order(names=["mx1.example.org"], agrees=True)


def test_tokens_are_answered_by_any_name_and_only_those(acme: FakeAcme) -> None:
    Answer.objects.create(token="abc", text="abc.def", created_at=NOW)
    assert ask_our_web("anything.test", "/.well-known/acme-challenge/abc") == (200, b"abc.def")
    for wrong in ("/.well-known/acme-challenge/", "/.well-known/acme-challenge/abd", "/.well-known/acme-challenge/a/../abc"):
        assert ask_our_web("anything.test", wrong)[0] == 404
    assert Client().post("/.well-known/acme-challenge/abc").status_code == 404
    assert ask_our_web("anything.test", "/login")[0] == 400


def test_the_command(acme: FakeAcme, tmp_path: Any) -> None:
    out = StringIO()
    call_command("certificate", "order", "mx1.example.org", "--agree-tos", "--now", stdout=out)
    assert "row\tmx1.example.org" in out.getvalue()
    acme.fetch = lambda name, path: (500, b"")
    with pytest.raises(CommandError, match=r"mx1\.example\.org answered 500"):
        call_command("certificate", "renew", "mx1.example.org", stdout=out)
    held = shelf.read_rows()[0].material
    (tmp_path / "chain.pem").write_bytes(held.chain)
    (tmp_path / "key.pem").write_bytes(held.key)
    call_command("certificate", "save", "mx1.example.org", str(tmp_path), stdout=out)
    assert (tmp_path / "privkey.pem").read_bytes() == held.key and (tmp_path / "privkey.pem").stat().st_mode & 0o777 == 0o600
    with pytest.raises(CommandError, match="no certificate else"):
        call_command("certificate", "save", "else.example.org", str(tmp_path))
    call_command("certificate", "give", str(tmp_path / "chain.pem"), str(tmp_path / "key.pem"), stdout=out)
    assert orders.list_all()[0].source == "given"
    with pytest.raises(Conflict):
        orders.order(names=["mx1.example.org"])
    with pytest.raises(NotFound):
        orders.renew(name="mx1.example.org")
    with pytest.raises(CommandError, match=r"missing\.pem"):
        call_command("certificate", "give", str(tmp_path / "missing.pem"), str(tmp_path / "key.pem"))
    with pytest.raises(CommandError, match="key cannot be read"):
        call_command("certificate", "give", str(tmp_path / "chain.pem"), str(tmp_path / "chain.pem"))
    call_command("certificate", "remove", "mx1.example.org", stdout=out)
    with pytest.raises(CommandError, match=r"no certificate mx1\.example\.org"):
        call_command("certificate", "remove", "mx1.example.org")

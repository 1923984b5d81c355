"""Servers that refuse, lie, hang, flood and break off: nothing is lost, nothing half done, and the owner is told."""

import ssl
import time
import tracemalloc
from pathlib import Path

import pytest

from mailcore.directory.faults import BadField
from mailcore.directory.models import Mailbox
from mailcore.kernel.errors import NotFound
from mailcore.retrieval import accounts, dialling, envelopes
from mailcore.retrieval.faults import SourceFault
from mailcore.retrieval.models import Account, Collected
from mailcore.servers import certificates
from mailcore.store.models import Message
from tests.builders import message

from .cast import letters, make, run, subjects
from .fakes import FakeFolder, FakeImap, FakePop3, FakeServer, Kept, Lying, serving

BOTH = pytest.mark.parametrize("kind", ["pop3", "imap"])


def make_server(kind: str, raws: list[bytes], lying: Lying | None = None, context: ssl.SSLContext | None = None) -> FakeServer:
    if kind == "pop3":
        return FakePop3(raws, lying=lying, context=context)
    return FakeImap([FakeFolder(b"INBOX", [Kept(at, raw) for at, raw in enumerate(raws, 1)])], lying=lying, context=context)


@BOTH
def test_a_wrong_password_pauses_after_three_times(ann: Mailbox, kind: str) -> None:
    server = make_server(kind, [], Lying(refuse_login="wrong password"))
    with serving(server):
        account = make(ann, server)
        for _ in range(3):
            assert account.pause == ""
            run(account)
            assert account.fault == "login"
        assert account.pause == "login"
        assert "refused the login: " in account.last_text and "wrong password" in account.last_text
        accounts.change(account=account, wanted=accounts.wanted_of(account))
        account.refresh_from_db()
        assert (account.pause, account.fault) == ("", "")


@BOTH
def test_not_now_is_no_wrong_password(ann: Mailbox, kind: str) -> None:
    server = make_server(kind, [], Lying(refuse_login="[IN-USE] mailbox is locked"))
    with serving(server):
        account = make(ann, server)
        for _ in range(4):
            run(account)
        assert (account.fault, account.pause) == ("busy", "")
        # Waiting doubles with each failure, up to six hours.
        assert 10_000 < account.next_run_at - time.time() < 22_000


@BOTH
def test_what_came_before_a_break_is_kept(ann: Mailbox, kind: str) -> None:
    server = make_server(kind, letters(3), Lying(drop_in=2))
    with serving(server):
        account = make(ann, server, keep="delete")
        run(account)
        assert (account.fault, account.last_count) == ("broken", 1)
        assert subjects(ann) == ["Subject: Letter 1"]
        server.lying.drop_in = 0  # type: ignore[attr-defined]
        run(account)
        assert len(subjects(ann)) == 3


@BOTH
def test_a_message_without_end_is_passed_over(ann: Mailbox, kind: str) -> None:
    server = make_server(kind, letters(3), Lying(size=100, flood_in=2))
    with serving(server):
        account = make(ann, server)
        tracemalloc.start()
        try:
            run(account)
            assert tracemalloc.get_traced_memory()[1] < 60_000_000
        finally:
            tracemalloc.stop()
        assert account.fault == "too_much"
        assert account.next_run_at <= time.time()
        server.lying.flood_in = 0  # type: ignore[attr-defined]
        run(account)
        assert subjects(ann) == ["Subject: Letter 1", "Subject: Letter 3"]
        [refused] = accounts.list_refused(account=account)
        assert "larger" in refused.refusal
        assert accounts.count_refused([account]) == {account.pk: 1}


@BOTH
def test_a_large_message_stays_there(ann: Mailbox, kind: str) -> None:
    big = message(subject="Big", text="x" * 70 + "\r\n") + b"y" * 2_000_001 + b"\r\n"
    server = make_server(kind, [big, *letters(1)])
    with serving(server):
        account = make(ann, server, keep="delete")
        run(account)
        assert (account.fault, subjects(ann)) == ("", ["Subject: Letter 1"])
        assert not any("RETR 1" in one or "FETCH 1 (BODY.PEEK[]" in one for one in server.commands)
        assert Collected.objects.exclude(refusal="").count() == 1
        assert accounts.try_out(wanted=accounts.wanted_of(account), account=account).messages == 1


@BOTH
def test_a_server_that_hangs_is_given_up(ann: Mailbox, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialling, "READ_SECONDS", 0.2)
    monkeypatch.setattr(dialling, "SLOWEST", 1 << 40)
    server = make_server(kind, letters(1), Lying(hang_at="LIST" if kind == "pop3" else "UID SEARCH"))
    with serving(server):
        account = make(ann, server)
        run(account)
        assert account.fault == "slow"


@BOTH
def test_an_answer_that_is_no_protocol(ann: Mailbox, kind: str) -> None:
    class Babble(FakeServer):
        def talk(self, made, file) -> None:  # type: ignore[no-untyped-def]
            made.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    server = Babble()
    with serving(server):
        account = make(ann, server, protocol=kind)
        run(account)
        assert account.fault == "broken"


def test_nobody_there(ann: Mailbox) -> None:
    server = make_server("pop3", [])
    server.close()
    account = make(ann, server)
    run(account)
    assert account.fault == "unreachable"


@BOTH
def test_a_certificate_nobody_vouches_for(ann: Mailbox, kind: str, tmp_path: Path) -> None:
    chain, key = certificates.ensure(data=tmp_path, hostname="localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    server = make_server(kind, letters(1), context=context)
    with serving(server):
        account = make(ann, server, host="localhost", security="tls")
        run(account)
        assert account.fault == "certificate"
        assert "not trusted" in account.last_text
        assert server.commands == []


@BOTH
def test_tls_to_a_server_that_is_trusted(ann: Mailbox, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chain, key = certificates.ensure(data=tmp_path, hostname="localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    monkeypatch.setattr(dialling, "make_context", lambda: ssl.create_default_context(cafile=str(chain)))
    server = make_server(kind, letters(2), context=context)
    with serving(server):
        account = make(ann, server, host="localhost", security="tls")
        run(account)
        assert account.fault == ""
    assert len(subjects(ann)) == 2


@BOTH
def test_no_password_goes_out_where_starttls_is_not_offered(ann: Mailbox, kind: str) -> None:
    server = make_server(kind, letters(1))
    with serving(server):
        account = make(ann, server, security="starttls")
        run(account)
        assert account.fault == "security"
        assert not any("pw" in one for one in server.commands)


def test_addresses_inside_are_not_dialled(ann: Mailbox, settings: object) -> None:
    import dataclasses

    settings.FACTEUR = dataclasses.replace(settings.FACTEUR, retrieval_networks=())  # type: ignore[attr-defined]
    server = make_server("imap", letters(1))
    with serving(server):
        for host in ("127.0.0.1", "localhost", "::ffff:127.0.0.1"):
            account = make(ann, server, host=host)
            run(account)
            assert account.fault == "forbidden", host
        assert server.connections == 0


def test_a_full_mailbox_leaves_the_rest_there(ann: Mailbox) -> None:
    Mailbox.objects.filter(pk=ann.pk).update(quota_bytes=1_000)
    server = make_server("pop3", letters(4))
    with serving(server):
        account = make(ann, server, keep="delete", target="Old")
        run(account)
        assert account.fault == "full"
        stored = Message.objects.count()
        assert 0 < stored < 4
        Mailbox.objects.filter(pk=ann.pk).update(quota_bytes=0)
        run(account)
        assert (Message.objects.count(), account.fault) == (4, "")


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("host", {"host": "no server\r\nQUIT"}), ("host", {"host": ""}), ("login", {"login": "a\r\nb"}), ("port", {"port": 70_000}),
        ("secret", {"secret": ""}), ("protocol", {"protocol": "nntp"}), ("keep_days", {"keep": "days"}), ("interval", {"interval": 5}),
        ("target", {"target": "a//b"}), ("remote_folder", {"remote_folder": "x\r\ny"}), ("domain", {"envelope_header": "auto"}),
        ("domain", {"envelope_header": "auto", "domain": "elsewhere.test"}),
        ("envelope_header", {"envelope_header": "Subject", "domain": "here.test"}),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named(ann: Mailbox, field: str, change: dict[str, object]) -> None:
    server = make_server("imap", [])
    with serving(server), pytest.raises(BadField) as caught:
        make(ann, server, **change)
    assert caught.value.field == field
    assert not Account.objects.exists()


def test_without_tls_only_where_it_is_allowed(ann: Mailbox, settings: object) -> None:
    import dataclasses

    settings.FACTEUR = dataclasses.replace(settings.FACTEUR, retrieval_plain=False)  # type: ignore[attr-defined]
    server = make_server("imap", [])
    with serving(server), pytest.raises(BadField) as caught:
        make(ann, server)
    assert caught.value.field == "security"


def test_no_password_lies_in_clear_or_in_the_audit_log(ann: Mailbox) -> None:
    from mailcore.audit.models import Event

    server = make_server("imap", [])
    with serving(server):
        account = make(ann, server, secret="very secret")
    assert "very secret" not in account.sealed_secret
    assert not [one for one in Event.objects.all() if "very secret" in f"{one.before}{one.after}"]
    with pytest.raises(NotFound):
        accounts.get(account_id=account.pk, mailbox_id=ann.pk + 1)


def test_another_account_needs_its_password(ann: Mailbox) -> None:
    server = make_server("imap", [])
    with serving(server):
        account = make(ann, server)
        wanted = accounts.wanted_of(account)
        import dataclasses

        with pytest.raises(BadField):
            accounts.change(account=account, wanted=dataclasses.replace(wanted, host="elsewhere.test"))
        with pytest.raises(SourceFault):
            accounts.try_out(wanted=dataclasses.replace(wanted, remote_folder="Nowhere"), account=account)


def test_every_fetched_header_is_a_known_one() -> None:
    assert all(map(envelopes.is_known_header, (*envelopes.HEADERS, "auto")))

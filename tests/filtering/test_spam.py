"""The classifier: clues, estimates, and learning from Junk by the journal."""

import socket
import threading

import pytest

from mailcore.filtering.models import SpamToken, SpamTotal
from mailcore.filtering.policy.visit import Letter, Visit
from mailcore.filtering.scanners import calling
from mailcore.filtering.scanners.line import ScannerFailed
from mailcore.filtering.spam import bayes, form, sample, teaching, tokens, training
from mailcore.filtering.spam.bayes import Counts, Teaching
from mailcore.kernel.ids import FolderId, MailboxId
from mailcore.store import writer
from mailcore.store.models import Folder
from tests.delivery.cast import make_domain, make_mailbox

RAW = b"From: x@y.test\r\nSubject: Cheap pills\r\n\r\nBuy cheap pills now\r\n"
NONE = Teaching(bayes.NOTHING, {})


def test_words_of_scripts_without_blanks_are_pairs() -> None:
    assert list(tokens.words("免费发票 Größe it")) == ["免费", "费发", "发票", "größe"]


def test_proofs_are_read_above_the_first_received_only() -> None:
    mine = b"Authentication-Results: mx;\r\n\tspf=fail;\r\n\tdmarc=none\r\nReceived: from h ([192.0.2.1])\r\n"
    forged = b"Authentication-Results: mx;\r\n\tspf=pass;\r\n\tdmarc=pass\r\n"
    assert sample.read(mine + forged + RAW).proofs == {"spf": "fail", "dmarc": "none"}


def test_a_property_cannot_pass_for_a_result() -> None:
    assert sample.read_proofs('mx;\r\n\tspf=fail\r\n\t smtp.mailfrom="x; dmarc=pass"') == {"spf": "fail"}


def test_nothing_learned_says_nothing() -> None:
    assert bayes.judge([1, 2], own=NONE, site=NONE).points == 0


def test_own_lessons_weigh_more_than_everybodys() -> None:
    totals = Counts(50, 50)
    site = Teaching(totals, dict.fromkeys(range(20), Counts(40, 0)))
    own = Teaching(totals, dict.fromkeys(range(20), Counts(0, 40)))
    assert bayes.judge(range(20), own=NONE, site=site).probability > 0.99
    assert bayes.judge(range(20), own=own, site=site).probability < 0.01


@pytest.mark.parametrize("raw", [b"", b"\0\xff" * 500, b"Received: from\r\nDate: (\r\nFrom: @\r\n\r\n<a href=", b"Date: )\r\n\r\n"])
def test_broken_mail_is_weighed_too(raw: bytes) -> None:
    read = sample.read(raw)
    assert tokens.find(read)
    assert all(mark.words for mark in form.inspect(read))


@pytest.fixture
def ann(db: None) -> MailboxId:
    make_domain()
    mailbox_id = make_mailbox("ann@here.test")
    writer.ensure_defaults(mailbox_id=mailbox_id)
    return mailbox_id


def _folder(mailbox_id: MailboxId, name: str) -> FolderId:
    return FolderId(Folder.objects.get(mailbox_id=mailbox_id, name=name).pk)


def test_moves_teach_once_and_can_be_taken_back(ann: MailboxId) -> None:
    kept = writer.append(mailbox_id=ann, name="INBOX", raw=RAW)
    moved = writer.move(mailbox_id=ann, folder_id=_folder(ann, "INBOX"), uids=[kept.uid], target="Junk")
    assert training.learn_new() == 1
    assert training.learn_new() == 0
    assert teaching.count(mailbox_id=ann) == teaching.count(mailbox_id=teaching.SITE) == Counts(1, 0)
    writer.move(mailbox_id=ann, folder_id=_folder(ann, "Junk"), uids=[moved.pairs[0][1]], target="INBOX")
    assert training.learn_new() == 1
    assert teaching.count(mailbox_id=ann) == Counts(0, 1)
    assert not SpamToken.objects.filter(mailbox_id=ann, spam__gt=0).exists()


def test_what_lands_in_junk_by_itself_or_goes_to_the_bin_teaches_nothing(ann: MailboxId) -> None:
    kept = writer.append(mailbox_id=ann, name="Junk", raw=RAW)
    writer.move(mailbox_id=ann, folder_id=_folder(ann, "Junk"), uids=[kept.uid], target="Trash")
    assert training.learn_new() == 0
    assert not SpamTotal.objects.exists()


def test_the_table_is_bounded(ann: MailboxId, monkeypatch: pytest.MonkeyPatch) -> None:
    teaching.learn_many(mailbox_id=ann, samples=[(range(100), True), (range(10), True)])
    monkeypatch.setattr(teaching, "MAX_TOKENS", {True: 50, False: 50})
    assert teaching.forget_rare() == 55
    assert set(range(10)) <= set(SpamToken.objects.filter(mailbox_id=ann).values_list("token", flat=True))


def _answering(answer: bytes, ask: bytes) -> str:
    """The place of a scanner that reads until `ask` came and gives one answer."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        line, _ = server.accept()
        with line, server:
            heard = b""
            while ask not in heard and (piece := line.recv(65_536)):
                heard += piece
            line.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return f"127.0.0.1:{server.getsockname()[1]}"


def _scan(place: str) -> list[str]:
    letter = Letter(RAW, sample.read(RAW), ("ann@here.test",))
    return [str(one) for one in calling.call(place, Visit("192.0.2.1", "mx.test"), letter)]


def test_spamd_gives_points() -> None:
    place = _answering(b"SPAMD/1.1 0 EX_OK\r\nSpam: True ; 10.0 / 5.0\r\n\r\n", RAW)
    assert _scan(f"spamd={place}") == ["spamd: SpamAssassin: 10 of 5 (tag, +10.0 points)"]


def test_clamd_refuses_a_virus() -> None:
    assert _scan(f"clamd={_answering(b'stream: Eicar FOUND' + bytes(1), bytes(4))}") == ["clamd: ClamAV found Eicar (refuse)"]


@pytest.mark.parametrize("place", ["spamd=127.0.0.1:1", "clamd=/nowhere/at.all", "spamd=host"])
def test_a_scanner_that_cannot_be_reached_fails_by_name(place: str) -> None:
    with pytest.raises(ScannerFailed):
        _scan(place)

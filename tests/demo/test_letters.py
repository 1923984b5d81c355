"""The demo world is the same on every machine, and its letters are mail."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

from mailcore.demo.letters import write_letters
from mailcore.demo.people import ANN, BO

UNTIL = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def test_same_seed_same_folders_and_subjects() -> None:
    first = [(letter.folder, letter.flags, letter.sent_at) for letter in write_letters(owner=ANN, count=60, until=UNTIL)]
    second = [(letter.folder, letter.flags, letter.sent_at) for letter in write_letters(owner=ANN, count=60, until=UNTIL)]
    assert first == second
    assert first != [(letter.folder, letter.flags, letter.sent_at) for letter in write_letters(owner=BO, count=60, until=UNTIL)]


def test_letters_are_dated_in_order_and_have_the_marks_of_real_mail() -> None:
    letters = list(write_letters(owner=ANN, count=400, until=UNTIL))
    assert [letter.sent_at for letter in letters] == sorted(letter.sent_at for letter in letters)
    messages = [message_from_bytes(letter.raw, policy=default) for letter in letters]
    assert len({message["Message-ID"] for message in messages}) == 400
    assert any(message["References"] for message in messages)
    kinds = {message.get_content_type() for message in messages}
    assert {"text/plain", "multipart/alternative", "multipart/mixed"} <= kinds
    assert {letter.folder for letter in letters} >= {"INBOX", "Sent", "Archive", "Junk"}
    assert all(b"\n" not in letter.raw.replace(b"\r\n", b"") for letter in letters)

"""Searches over generated mail and queries give what a plain scan gives, however much of it is indexed."""

from collections.abc import Sequence
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailcore.kernel.ids import MailboxId
from mailcore.kernel.mailstore import TextLeaf
from mailcore.mime.headers import Headers, decode_value
from mailcore.mime.structure import parse
from mailcore.mime.text import search_text
from mailcore.store import blobs, writer
from mailcore.store.mailstore import LocalMailStore
from mailcore.store.search import index_pending
from mailcore.store.search.texts import fold
from mailcore.store.writer import Delivery

_mailboxes = count(80_000)
PREFIX = b"Return-Path: <ann@lists.example>\r\nDelivered-To: bo@example.org\r\nSubject: trace\r\n"

words = st.sampled_from(
    ["ann", "Anna", "be", "cafe", "café", "Straße", "STRASSE", "x", "日本", "件名", "a.b", '"q"', "e\u0301", "İ", "\u00a0"]
)
texts = st.lists(words, max_size=4).map(" ".join)
letters = st.lists(st.tuples(texts, texts, st.none() | texts, texts, st.booleans()), min_size=1, max_size=6)
needles = st.one_of(
    texts,
    st.tuples(texts, st.integers(0, 8), st.integers(1, 9)).map(lambda drawn: drawn[0][drawn[1] : drawn[1] + drawn[2]]),
    st.sampled_from(["a", "nn", "ann", "anna", "ubject", "subject: ann", "an\nn", "example", "trace", "lists.ex", " ", "\r"]),
)
fields = st.sampled_from(["subject", "from", "to", "cc", "bcc", "body", "text", "header"])
headers = st.sampled_from(["Subject", "X-Thing", "to", "Return-Path", "X", ""])


def write(fields: tuple[str, str, str | None, str, bool]) -> bytes:
    subject, sender, thing, body, _ = fields
    lines = [f"Subject: {subject}", f"From: {sender}", "To: ann@example.org", "To: be"]
    lines += [f"X-Thing: {thing}", "X-Thing: again"] if thing is not None else []
    return ("\r\n".join(lines) + "\r\n\r\n" + body + "\r\n").encode()


def holds(prefix: bytes, raw: bytes, leaf: TextLeaf) -> bool:
    needle = fold(leaf.needle)
    found = [*Headers.parse(prefix + b"\r\n"), *Headers.parse(raw)]
    lines = [(field.name.lower(), " ".join(decode_value(field.value).splitlines())) for field in found if field.name]
    in_body = needle in fold(search_text(parse(raw)))
    if leaf.field == "body":
        return in_body
    if leaf.field == "text":
        return in_body or any(needle in fold(f"{name}: {value}") for name, value in lines)
    if not needle and leaf.field != "header":
        return True
    wanted = leaf.header.lower() if leaf.field == "header" else leaf.field
    return any(name == wanted and needle in fold(value) for name, value in lines)


def fill(drawn: Sequence[tuple[str, str, str | None, str, bool]]) -> LocalMailStore:
    store = LocalMailStore(MailboxId(next(_mailboxes)))
    for fields in drawn:
        prefix = PREFIX if fields[4] else b""
        writer.deliver([Delivery(mailbox_id=store.mailbox_id, folder="INBOX", blob_id=blobs.put(write(fields)), key="", prefix=prefix)])
    return store


@pytest.mark.django_db
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(letters, letters, st.lists(st.tuples(fields, needles, headers), min_size=1, max_size=8), st.integers(0, 2**12), st.booleans())
def test_as_a_plain_scan(
    db: None,
    before: list[tuple[str, str, str | None, str, bool]],
    after: list[tuple[str, str, str | None, str, bool]],
    leaves: list[tuple[str, str, str]],
    choice: int,
    is_indexed: bool,
) -> None:
    store = fill(before)
    if is_indexed:
        index_pending(100_000)
    folder_id = store.get_folder("INBOX").id
    store.match(folder_id, TextLeaf("subject", "x"), [1])
    for fields in after:
        prefix = PREFIX if fields[4] else b""
        writer.deliver([Delivery(mailbox_id=store.mailbox_id, folder="INBOX", blob_id=blobs.put(write(fields)), key="", prefix=prefix)])
    everything = [*before, *after]
    asked = [uid for uid in range(1, len(everything) + 1) if choice >> uid & 1]
    for field, needle, header in leaves:
        leaf = TextLeaf(field, needle, header if field == "header" else "")
        wanted = {uid for uid in asked if holds(PREFIX if everything[uid - 1][4] else b"", write(everything[uid - 1]), leaf)}
        assert store.match(folder_id, leaf, asked) == wanted, leaf

"""A search gives exactly what reading every message would give, indexed or not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mailcore.kernel.ids import BlobId
from mailcore.kernel.mailstore import DateLeaf, SearchLeaf, SizeLeaf, TextLeaf
from mailcore.mime.headers import Headers, decode_value
from mailcore.mime.structure import parse
from mailcore.mime.text import search_text
from mailcore.store import blobs, contents, writer
from mailcore.store.mailstore import LocalMailStore
from mailcore.store.search import index_pending
from mailcore.store.writer import Delivery

from .conftest import MAILBOX
from .letters import letter

RAWS = [
    letter(subject="=?utf-8?q?Caf=C3=A9_au_lait?=", body="Nothing here\r\n"),
    letter(subject="Plain", sender="=?utf-8?b?w4lsb8Ovc2U=?= <eloise@example.org>", body="STRASSE und Straße, naïve\r\n"),
    letter(subject="percent % and _ \"quoted\" 'x'", body='a_b 100% "AND" (OR) NEAR *\r\n'),
    letter(subject="日本語の件名", body="本文です。検索\r\n"),
    letter(
        body="<p>Hidden <b>bo</b>ld</p>\r\n",
        extra="Cc: Carla <carla@example.net>\r\nBcc: dora@example.net\r\nX-Empty:\r\nX-Thing: one\r\nX-Thing: two\r\n",
    ),
    letter(body="VGhpcyBpcyBiYXNlNjQgdGV4dA==\r\n", extra="Content-Transfer-Encoding: base64\r\n"),
    letter(body="soft=\r\nbreak =C3=A9t=C3=A9\r\n", extra="Content-Transfer-Encoding: quoted-printable\r\n"),
    b"Subject: no body",
    b"no header at all\r\n\r\nfoo bar baz\r\n",
    b"\xff\xfe\x00garbage\r\n\r\n\x80\x81 text\x00with nul\r\n",
]
NEEDLES = [
    "a", "é", "CAFÉ", "au lait", "strasse", "straße", "ÉLO", "%", "_", '"', "'x'", "100%", "件名", "検索", "本", "carla", "dora", "bold",
    "base64 text", "softbreak", "été", "VGhpcyBp", "absent", "example.org", "ann@example.org", "foo bar", "with", "two",
    "subject: plain", "or",
]  # fmt: skip
FIELDS = ["subject", "from", "to", "cc", "bcc", "body", "text"]


def read_values(raw: bytes, name: str) -> list[str]:
    return Headers.parse(raw).get_all(name)


def holds(raw: bytes, leaf: TextLeaf) -> bool:
    """The definition, written plainly."""
    needle = leaf.needle.casefold()
    body = search_text(parse(raw)).casefold()
    lines = [f"{field.name}: {decode_value(field.value)}".casefold() for field in Headers.parse(raw) if field.name]
    if leaf.field == "body":
        return needle in body
    if leaf.field == "text":
        return needle in body or any(needle in line for line in lines)
    return any(needle in value.casefold() for value in read_values(raw, leaf.header or leaf.field))


@pytest.fixture
def filled(store: LocalMailStore, add: Callable[..., int]) -> LocalMailStore:
    for raw in RAWS:
        add(raw)
    return store


@pytest.mark.parametrize("indexed", ["not at all", "half", "all"])
def test_text_is_found_as_by_brute_force(filled: LocalMailStore, indexed: str) -> None:
    index_pending(100_000)
    if indexed == "not at all":
        for raw in RAWS:
            filled.append("Archive", raw + b"\r\nfresh " + indexed.encode(), flags=0, keywords=frozenset(), internaldate=None)
    uids = list(range(1, len(RAWS) + 1))
    name = "Archive" if indexed == "not at all" else "INBOX"
    if indexed == "half":
        filled.append("INBOX", letter(body="half of it strasse"), flags=0, keywords=frozenset(), internaldate=None)
        uids.append(len(uids) + 1)
    folder_id = filled.get_folder(name).id
    raws = dict(filled.fetch(folder_id, uids, ["raw"]))
    leaves = [TextLeaf(field, needle) for field in FIELDS for needle in NEEDLES]
    leaves += [TextLeaf("header", needle, header) for header in ("X-Thing", "x-empty", "X-None") for needle in ("", "o", "one", "two", "e")]
    for leaf in leaves:
        assert filled.match(folder_id, leaf, uids) == {uid for uid, raw in raws.items() if holds(raw, leaf)}, leaf


def test_only_the_asked_messages_are_answered(filled: LocalMailStore) -> None:
    folder_id = filled.get_folder("INBOX").id
    assert filled.match(folder_id, TextLeaf("text", ""), [2, 3, 99]) == {2, 3}
    assert filled.match(folder_id, TextLeaf("from", "ann"), [1]) == {1}
    assert filled.match(folder_id, TextLeaf("from", "ann"), []) == set()


def test_the_trace_header_is_searched_too(store: LocalMailStore) -> None:
    raw = letter()
    blob_id = blobs.put(raw)
    prefix = b"Return-Path: <bounce@lists.example>\r\n"
    [result] = writer.deliver([Delivery(mailbox_id=MAILBOX, folder="INBOX", blob_id=blob_id, key="k", prefix=prefix)])
    assert result.folder_id is not None
    assert store.match(result.folder_id, TextLeaf("header", "BOUNCE@", "return-path"), [1]) == {1}
    assert store.match(result.folder_id, TextLeaf("text", "lists.example"), [1]) == {1}
    assert store.match(result.folder_id, TextLeaf("body", "lists.example"), [1]) == set()


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        (DateLeaf("internal", "on", date(2026, 3, 5)), {1}),
        (DateLeaf("internal", "before", date(2026, 3, 6)), {1}),
        (DateLeaf("internal", "since", date(2026, 3, 6)), {2}),
        # The Date header says 2 March at 23:30 in a zone west of Greenwich: its own day counts.
        (DateLeaf("sent", "on", date(2026, 3, 2)), {1}),
        (DateLeaf("sent", "before", date(2026, 3, 3)), {1}),
        # Without a Date header the internal date stands in.
        (DateLeaf("sent", "on", date(2026, 3, 6)), {2}),
        (DateLeaf("saved", "since", date(2026, 1, 1)), {1, 2}),
        (SizeLeaf("smaller", 50), {2}),
        (SizeLeaf("larger", 50), {1}),
        (SizeLeaf("larger", 21), {1}),
        (SizeLeaf("smaller", 21), set()),
    ],
)
def test_dates_and_sizes(store: LocalMailStore, leaf: SearchLeaf, expected: set[int]) -> None:
    day = 86_400
    first = (date(2026, 3, 6) - date(1970, 1, 1)).days * day
    store.append("INBOX", letter(), flags=0, keywords=frozenset(), internaldate=first - 1)
    store.append("INBOX", b"Subject: tiny\r\n\r\nabcd", flags=0, keywords=frozenset(), internaldate=first)
    assert store.match(store.get_folder("INBOX").id, leaf, [1, 2]) == expected


def test_a_damaged_index_costs_time_only(filled: LocalMailStore, settings: Any, tmp_path: Path) -> None:
    folder_id = filled.get_folder("INBOX").id
    (tmp_path / "packs").symlink_to(settings.FACTEUR.data / "packs")
    settings.FACTEUR = replace(settings.FACTEUR, data=tmp_path)
    (tmp_path / "search.sqlite3").write_bytes(b"this is no database " * 500)
    assert filled.match(folder_id, TextLeaf("body", "strasse"), list(range(1, 11))) == {2}


@pytest.mark.parametrize(
    ("field", "day"),
    [
        ("Date: Mon, 02 Mar 2026 23:30:00 -0500", date(2026, 3, 2)),
        ("DATE:\r\n Mon,\r\n\t2 Mar 2026 00:10 +0200", date(2026, 3, 2)),
        ("date : 2 Mar 2026 12:00 (noon)", date(2026, 3, 2)),
        ("X-Date: Mon, 02 Mar 2026 23:30:00 -0500", None),
        ("Date: 31 Feb 2026 12:00:00 +0000", None),
        ("Date: soon", None),
    ],
)
def test_the_day_of_the_date_header_is_as_written(field: str, day: date | None) -> None:
    row = contents.derive(BlobId(1), f"Subject: x\r\n{field}\r\nTo: a@b\r\n\r\nDate: 1 Jan 2000 00:00:00 +0000\r\n".encode())
    assert row.sent_day == (day.toordinal() if day else None)

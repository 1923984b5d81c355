"""Our own messages in tests/corpus: what people see of each."""

from pathlib import Path
from typing import Any

import pytest

from mailcore.mime.structure import decoded, load, parse, walk
from mailcore.mime.summary import summarise
from mailcore.mime.text import search_text

from .imap_reader import read_items

CORPUS = Path(__file__).parent.parent / "corpus"

EXPECTED: dict[str, dict[str, Any]] = {
    "thread-1-question": {
        "base_subject": "Which pears this year?",
        "from_name": "Inès Morel",
        "list_id": "growers.lists.orchard.example",
        "snippet": "Hello all, the old Conférence trees are tired. What would you plant on clay?",
    },
    "thread-2-reply": {
        "base_subject": "Which pears this year?",
        "from_name": "Okafor, Dan",
        "references": ("<pears.1@orchard.example>",),
        "snippet": "Concorde on quince C. Ours stood two wet winters. Dan",
    },
    "thread-3-reply-to-reply": {
        "subject": "RE: Re: [growers] Which pears this year? (fwd)",
        "base_subject": "Which pears this year?",
        "references": ("<pears.1@orchard.example>", "<CAF-77x@hillside.example>"),
        "snippet": "Merci ! Concorde it is — I’ll order twenty.",
    },
    "newsletter": {
        "subject": "Spring: 12 walks & a tide table",
        "from_name": "The Lantern 🏮",
        "attachments": 0,
        "list_id": "weekly.lantern.example",
        "auto_submitted": "auto-generated",
        "snippet": "12 walks for longer days The tide table is back — mind the 14th. High water 09:20.",
    },
    "attachments": {"attachments": 3, "snippet": "Hej Bo, här kommer fakturan. Hälsningar, Sofia"},
    "japanese": {"subject": "お花見の日程", "from_name": "山田花子", "snippet": "四月四日、公園の入口で会いましょう。 お弁当を忘れずに。"},
    "chinese-split-words": {
        "subject": "会议改到星期五下午",
        "from_name": "李雷",
        "snippet": "大家好,会议改到星期五下午三点。朱镕基路 12 号。",
    },
    "cyrillic-8bit-headers": {
        "subject": "Прогулка в субботу",
        "from_name": "Анна Лебедева",
        "snippet": "Встречаемся у моста в полдень.",
    },
    "arabic-html-only": {"subject": "دعوة إلى العشاء", "from_name": "ليلى", "snippet": "أهلاً بك، العشاء يوم الجمعة في الثامنة."},
    "bounce": {"auto_submitted": "auto-replied", "attachments": 0, "sent_at": 1773748800},
    "broken-boundaries": {"sent_at": 1773558000, "attachments": 1, "snippet": "The inner one is never closed."},
    "broken-headers": {
        "subject": "café broken=ZZ =?utf-8?b?w6k",
        "from_address": "ann@example.org",
        "message_id": "no brackets",
        "sent_at": None,
        "snippet": "naïve body in no charset at all",
    },
}


def _read(name: str) -> bytes:
    return (CORPUS / f"{name}.eml").read_bytes()


def test_every_message_of_the_corpus_is_listed() -> None:
    assert {path.stem for path in CORPUS.glob("*.eml")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_summary(name: str) -> None:
    found = summarise(_read(name))
    assert {key: getattr(found, key) for key in EXPECTED[name]} == EXPECTED[name]
    assert load(found.structure) == parse(_read(name)).root
    items = read_items(envelope=found.envelope, bodystructure=found.bodystructure, body=found.body)
    assert items[b"BODYSTRUCTURE"].is_multipart == parse(_read(name)).root.is_multipart


def test_names_of_attachments_and_the_text_within_them() -> None:
    message = parse(_read("attachments"))
    assert [p.filename for p in walk(message.root) if p.filename] == ["faktura på måndag.pdf", "résumé.csv", "minutes.eml", "roof.png"]
    text = search_text(message)
    for expected in ("faktura på måndag.pdf", "lundi;dépôt", "Minutes of the board", "All agreed on the new roof."):
        assert expected in text


def test_base64_that_is_cut_and_soiled_gives_what_it_holds() -> None:
    raw = _read("broken-boundaries")
    part = parse(raw).root.children[1]
    assert decoded(raw, part).startswith(b"Hello!Hello")

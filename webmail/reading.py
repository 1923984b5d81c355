"""What the reading pane shows: a conversation as cards, some open, some folded."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mailcore.kernel import flags
from mailcore.prepared import Prepared

from .access.opened import open_letter
from .access.port import Attachment, Folder, Letter, Person, Row
from .contacts import find_by_address
from .desk import Desk
from .letters import Passage, clean_html, note_place, split_passages
from .models import Silence, TrustedSender
from .rows import ShownRow, show_row
from .sanitising.letters import Letter as CleanLetter

_PASS = re.compile(r"\b(dmarc|dkim|spf|arc)=(pass|fail|softfail|none|temperror|permerror|neutral)\b", re.I)
_SILENCES = Prepared(
    lambda mailbox_id, kind, what: Silence.objects.filter(mailbox_id=mailbox_id, kind=kind, what=what).values_list("id"),
    -7919, "a kind", "what is silenced",
)  # fmt: skip
_TRUSTED = Prepared(
    lambda mailbox_id, address: TrustedSender.objects.filter(mailbox_id=mailbox_id, address=address).values_list("id"),
    -7919, "an address",
)  # fmt: skip
MAX_OPEN = 5
"""Unread messages of a conversation that are opened along."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the postmark says: modifier of its look, the words, and the badge of a phone."""

    modifier: str
    label: str
    badge: str = ""
    results: tuple[tuple[str, str], ...] = ()
    sentences: tuple[str, ...] = ()
    """The results in plain words."""


@dataclass(frozen=True, slots=True)
class Message:
    """One open message."""

    letter: Letter
    shown: ShownRow
    url: str
    clean: CleanLetter | None
    passages: Sequence[Passage]
    files: Sequence[Attachment]
    addressees: Sequence[str]
    verdict: Verdict
    is_trusted: bool
    """Remote images of this sender are loaded."""

    @property
    def row(self) -> Row:
        return self.letter.row

    @property
    def others(self) -> int:
        """Of many addressees four are named at the head."""
        return len(self.addressees) - 4

    @property
    def frame_url(self) -> str:
        return f"{self.url}body?images=1" if self.is_trusted else f"{self.url}body"


@dataclass(frozen=True, slots=True)
class Card:
    """A message within its conversation."""

    shown: ShownRow
    url: str
    place: str
    """The folder it lies in, where that is not the one the person is in."""
    message: Message | None = None
    """None: folded."""


@dataclass(frozen=True, slots=True)
class Fold:
    """A run of folded cards, told in one line."""

    cards: tuple[Card, ...]
    people: str


def reader_context(desk: Desk, row: Row, folders: Sequence[Folder], *, is_whole: bool = True, query: str = "") -> dict[str, Any]:
    """`is_whole`: with the conversation around it."""
    here = next((folder for folder in folders if folder.name == row.folder), None)
    special = here.special_use if here else ""
    thread = _without_copies(desk.mail.list_thread(row), row) if is_whole else [row]
    named = {folder.name: folder.shown_name for folder in folders}
    cards = _make_cards(desk, row, thread, named)
    opened = [card.message for card in cards if card.message is not None]
    main = next(message for message in opened if (message.row.folder, message.row.uid) == (row.folder, row.uid))
    return {
        "row": row,
        "main": main,
        "letter": main.letter,
        "cards": _fold(cards, desk),
        "count": len(cards),
        "people": len({card.shown.row.sender.address.casefold() for card in cards}),
        "here_url": main.url,
        "place": here,
        "is_bin": special == "\\Trash",
        "is_spam": special == "\\Junk",
        "is_draft": bool(row.flags & flags.DRAFT),
        "is_muted": bool(row.thread) and is_silenced(desk, Silence.Kind.THREAD, str(row.thread)),
        "applied": {keyword.lower() for keyword in row.keywords},
        "query": query,
        "is_conversation": len(cards) > 1,
    }


def open_message(desk: Desk, row: Row) -> Message:
    raw = desk.mail.read_raw(row.folder, row.uid)
    letter = open_letter(raw, row)
    html = "" if desk.chosen.show_as == "plain" and letter.text.strip() else letter.html
    is_trusted = bool(html) and is_trusted_sender(desk, row.sender.address) and judge(letter).modifier == ""
    clean = clean_html(raw=raw, html=html, digest=letter.digest, allow_remote=is_trusted) if html else None
    if clean is not None:
        note_place(desk.mailbox_id, row, letter.digest)
    is_shown = clean is not None and clean.is_complete
    return Message(
        letter=letter,
        shown=show_row(row),
        url=url_of(row),
        clean=clean if is_shown else None,
        passages=[] if is_shown else split_passages(letter.text),
        files=[file for file in letter.attachments if not (file.is_inline and clean is not None)],
        addressees=[
            *_name_all(row.recipients, desk),
            *(gettext("copy %(name)s") % {"name": name} for name in _name_all(letter.cc, desk)),
        ],
        verdict=judge(letter),
        is_trusted=is_trusted,
    )


def url_of(row: Row) -> str:
    return f"{reverse('folder', args=[row.folder])}{row.uid}/"


def is_silenced(desk: Desk, kind: str, what: str) -> bool:
    return bool(_SILENCES.list(desk.mailbox_id, kind.value, what))


def is_trusted_sender(desk: Desk, address: str) -> bool:
    if _TRUSTED.list(desk.mailbox_id, address.casefold()):
        return True
    is_known = desk.chosen.remote_images == "contacts"
    return is_known and find_by_address(user_id=desk.owner.principal.user_id, address=address) is not None


def _without_copies(thread: Sequence[Row], main: Row) -> list[Row]:
    """A message one sent to oneself lies in Sent and in the Inbox: it is shown once, and never instead of the open one."""
    kept: dict[tuple[str, str, int, str], Row] = {}
    for row in thread:
        key = (row.sender.address, row.subject, row.size // 4096, row.snippet)
        other = kept.get(key)
        is_near = other is not None and abs((other.arrived - row.arrived).total_seconds()) < 120
        if not is_near or (row.folder, row.uid) == (main.folder, main.uid):
            kept[key if is_near else (*key[:3], f"{row.folder}/{row.uid}")] = row
    found = sorted(kept.values(), key=lambda row: (row.arrived, row.uid))
    return found if any((row.folder, row.uid) == (main.folder, main.uid) for row in found) else [*found, main]


def _make_cards(desk: Desk, main: Row, thread: Sequence[Row], named: dict[str, str]) -> list[Card]:
    cards: list[Card] = []
    opened = 0
    for row in thread:
        is_main = (row.folder, row.uid) == (main.folder, main.uid)
        is_open = is_main or (not row.flags & flags.SEEN and opened < MAX_OPEN and not row.flags & flags.DRAFT)
        opened += is_open and not is_main
        place = "" if row.folder == main.folder else named.get(row.folder, row.folder)
        cards.append(Card(show_row(row), url_of(row), place, open_message(desk, row) if is_open else None))
    return cards


def _fold(cards: Sequence[Card], desk: Desk) -> list[Card | Fold]:
    """Runs of four folded cards and more become one line, but for their first and last."""
    found: list[Card | Fold] = []
    run: list[Card] = []
    for card in [*cards, None]:
        if card is not None and card.message is None:
            run.append(card)
            continue
        if len(run) > 3:
            inner = tuple(run[1:-1])
            names = dict.fromkeys(_name_all([one.shown.row.sender for one in inner], desk))
            found += [run[0], Fold(inner, ", ".join(list(names)[:3])), run[-1]]
        else:
            found += run
        run = []
        if card is not None:
            found.append(card)
    return found


_SENTENCES: dict[tuple[str, str], Promise] = {
    ("DMARC", "pass"): _("The sender’s domain vouches for this address."),
    ("DMARC", "fail"): _("The sender’s domain says this is not from there."),
    ("DKIM", "pass"): _("The letter carries a valid signature, so nobody changed it on the way."),
    ("DKIM", "fail"): _("The signature does not fit: the letter was changed, or it is forged."),
    ("SPF", "pass"): _("It came from a server that may send for this domain."),
    ("SPF", "fail"): _("It came from a server that may not send for this domain."),
    ("SPF", "softfail"): _("It came from a server the domain does not know well."),
}


def judge(letter: Letter) -> Verdict:
    """Believes only the Authentication-Results that carry this host's own name (RFC 8601 §5)."""
    server, _semicolon, rest = letter.authentication.partition(";")
    if server.strip().split(" ")[0].lower() != settings.FACTEUR.hostname.lower():
        return Verdict("none", gettext("Not verified. See this message’s journey"), gettext("Not verified"))
    results = tuple((found[1].upper(), found[2].lower()) for found in _PASS.finditer(rest))
    sentences = tuple(str(_SENTENCES[result]) for result in dict.fromkeys(results) if result in _SENTENCES)
    verdicts = dict(results)
    if "fail" in (verdicts.get("DMARC"), verdicts.get("DKIM")) and verdicts.get("DMARC") != "pass":
        return Verdict("fail", gettext("Verification failed. See this message’s journey"), gettext("Failed"), results, sentences)
    if verdicts.get("DMARC") == "pass" or verdicts.get("DKIM") == "pass":
        return Verdict("", gettext("Verified. See this message’s journey"), gettext("Verified"), results, sentences)
    return Verdict("none", gettext("Not signed. See this message’s journey"), gettext("Not signed"), results, sentences)


def _name_all(people: Sequence[Person], desk: Desk) -> list[str]:
    own = desk.owner.person.address.casefold()
    return [gettext("you") if person.address.casefold() == own else person.shown for person in people]

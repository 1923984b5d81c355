"""The rows of a list as HTML.

Written by hand and not by a template: fifty rows took 45 ms there and take 2 ms here. Every text
that came with a message goes through `escape` on its way in.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from html import escape
from urllib.parse import quote

from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from .access.port import SPECIAL_NAMES
from .rows import ShownRow
from .templatetags.look import hue, initials, size

_KNOWN = {"INBOX": "Inbox"}


@dataclass(frozen=True, slots=True)
class Tag:
    """A label as the list shows it."""

    name: str
    hue: int


@dataclass
class RowWriter:
    """Writes the rows of one answer."""

    labels: Mapping[str, Tag] = field(default_factory=dict)
    """By keyword, in lower case."""
    current: str = ""
    """The reference of the row that is open."""
    is_cross: bool = False
    """Rows of several folders: each says where it lies, and is referred to with its folder."""
    special: Mapping[str, str] = field(default_factory=dict)
    """Folder → special use."""
    query: str = ""
    """Handed on to the addresses of the messages."""
    needles: tuple[str, ...] = ()
    """Marked where they occur."""
    is_alone: bool = False
    """No pane beside the list: a message opens on a page of its own."""
    _words: dict[str, str] = field(default_factory=dict)
    _days: dict[date, str] = field(default_factory=dict)
    _bases: dict[str, str] = field(default_factory=dict)
    _sprite: str = ""

    def __post_init__(self) -> None:
        self._sprite = escape(static("icons.svg"))
        self._zone = timezone.get_current_timezone()
        self._today = timezone.localdate()
        self._compose = reverse("compose")

    def write(self, shown: ShownRow, *, oob: bool = False) -> SafeString:
        return mark_safe(self._write(shown, ' hx-swap-oob="true"' if oob else ""))  # every text was escaped

    def write_all(self, rows: Iterable[ShownRow]) -> SafeString:
        return mark_safe("".join([self._write(shown, "") for shown in rows]))  # every text was escaped

    def _write(self, shown: ShownRow, extra: str) -> str:
        row = shown.row
        word = self._word
        reference = escape(refer(row.folder, row.uid, is_cross=self.is_cross))
        subject = self._mark(row.subject) if row.subject else f'<span class="dim">{word("No subject")}</span>'
        named = escape(row.subject) or word("No subject")
        local = row.arrived.astimezone(self._zone)
        unread = f'<span class="sr">{word("Unread")}. </span>' if shown.is_unread else ""
        count = f' <small class="num">{row.thread_count}</small>' if row.thread_count > 1 else ""
        star, star_word, star_verb = (
            (" star", word("Take the star off (s)"), "unstar") if shown.is_starred else ("", word("Star (s)"), "star")
        )
        current = ' aria-current="true"' if self.current == refer(row.folder, row.uid, is_cross=self.is_cross) else ""
        return (
            f'<div class="row{" row--new" if shown.is_unread else ""}" id="row-{_dom(reference)}" data-ref="{reference}"{current}{extra}>'
            f'<span class="mark"></span><span class="face"><span class="avatar" data-hue="{hue(shown.face.address)}" aria-hidden="true">'
            f'{escape(initials(shown.face.shown or shown.who))}</span><input class="check" type="checkbox" name="uid" value="{reference}" '
            f'aria-label="{word("Select")} {named}"></span>{self._link(shown)}{unread}{self._mark(shown.who)}{count}</a>'
            f'<time class="when num" datetime="{local.isoformat(timespec="minutes")}">{self._when(local)}</time>'
            f'<span class="what" dir="auto">{subject}</span><span class="flags">{self._flags(shown)}'
            f'<button class="star-button{star}" name="only" value="{star_verb}:{reference}" title="{star_word}">{self._icon("star")}'
            f'<span class="sr">{word("Starred") if shown.is_starred else word("Star")}</span></button></span>'
            f'<span class="size num">{size(row.size)}</span>'
            f'<span class="text">{self._chips(shown)}<span dir="auto">{self._mark(row.snippet)}</span></span></div>'
        )

    def write_card(self, shown: ShownRow, *, url: str, place: str) -> SafeString:
        """A folded message of a conversation; it opens where it stands."""
        row, word = shown.row, self._word
        local = row.arrived.astimezone(self._zone)
        chip = word("Draft") if shown.is_draft else escape(place)
        files = f'{self._icon("paperclip")}<span class="sr">{word("Has attachments")}</span>' if row.has_attachment else ""
        address = escape(url)
        return mark_safe(  # every text was escaped
            f'<article class="card{" card--new" if shown.is_unread else ""}"><a class="card-line" href="{address}" '
            f'hx-get="{address}card" hx-target="closest article" hx-swap="outerHTML">'
            f'<span class="avatar avatar--s" data-hue="{hue(row.sender.address)}" aria-hidden="true">'
            f"{escape(initials(row.sender.shown))}</span>"
            f'<b dir="auto">{escape(row.sender.shown) or word("Nobody")}</b><span class="cut" dir="auto">{escape(row.snippet)}</span>'
            f'{f"""<span class="chip">{chip}</span>""" if chip else ""}{files}'
            f'<time class="num" datetime="{local.isoformat(timespec="seconds")}">{self._when(local)}</time></a></article>'
        )

    def _link(self, shown: ShownRow) -> str:
        row = shown.row
        if shown.is_draft:
            address = f"{self._compose}?mode=draft&amp;folder={quote(row.folder, safe='')}&amp;uid={row.uid}"
            return f'<a class="who" dir="auto" href="{address}">'
        base = self._bases.get(row.folder)
        if base is None:
            base = self._bases[row.folder] = escape(reverse("folder", args=[row.folder]))
        address = f"{base}{row.uid}/{'?q=' + quote(self.query, safe='') if self.query else ''}"
        if self.is_alone:
            return f'<a class="who" dir="auto" href="{address}">'
        return f'<a class="who" dir="auto" href="{address}" hx-get="{address}" hx-target="#main" hx-push-url="true">'

    def _flags(self, shown: ShownRow) -> str:
        marks = (
            (shown.is_answered, "reply", "Answered"),
            (shown.is_forwarded, "forward", "Forwarded"),
            (shown.row.has_attachment, "paperclip", "Has attachments"),
        )
        return "".join(f'{self._icon(icon)}<span class="sr">{self._word(text)}</span>' for there, icon, text in marks if there)

    def _chips(self, shown: ShownRow) -> str:
        chips = ""
        if self.is_cross:
            chips = f'<span class="chip">{escape(self._folder_name(shown.row.folder))}</span>'
        for keyword in sorted(shown.row.keywords):
            tag = self.labels.get(keyword.lower())
            if tag is not None:
                chips += f'<span class="chip chip--label" data-hue="{tag.hue}">{escape(tag.name)}</span>'
        return chips

    def _folder_name(self, folder: str) -> str:
        name = _KNOWN.get(folder) or SPECIAL_NAMES.get(self.special.get(folder, ""), folder)
        return gettext(name) if name is not folder else folder

    def _icon(self, name: str) -> str:
        return f'<svg class="i i--s" aria-hidden="true"><use href="{self._sprite}#i-{name}"/></svg>'

    def _when(self, local: datetime) -> str:
        day = local.date()
        if day == self._today:
            return f"{local:%H:%M}"
        found = self._days.get(day)
        if found is None:
            found = self._days[day] = escape(date_format(day, gettext("j M") if day.year == self._today.year else gettext("j M Y")))
        return found

    def _word(self, text: str) -> str:
        found = self._words.get(text)
        if found is None:
            found = self._words[text] = escape(gettext(text))
        return found

    def _mark(self, text: str) -> str:
        return mark_hits(text, self.needles) if self.needles else escape(text)


def mark_hits(text: str, needles: Iterable[str]) -> str:
    """Escaped text, with <mark> around what was searched for."""
    folded = text.casefold()
    if len(folded) != len(text):
        # A letter that folds into two would shift every place after it.
        folded = text.lower() if len(text.lower()) == len(text) else text
    spans: list[tuple[int, int]] = []
    for needle in needles:
        at = folded.find(needle)
        while at != -1 and needle:
            spans.append((at, at + len(needle)))
            at = folded.find(needle, at + len(needle))
    out: list[str] = []
    position = 0
    for start, end in sorted(spans):
        if start >= position:
            out += (escape(text[position:start]), "<mark>", escape(text[start:end]), "</mark>")
            position = end
    return "".join(out) + escape(text[position:])


def refer(folder: str, uid: int, *, is_cross: bool) -> str:
    """How a form names a message: by uid, with its folder where the list holds several."""
    return f"{uid}:{folder}" if is_cross else str(uid)


def _dom(reference: str) -> str:
    """An element's id cannot hold blanks."""
    return reference.replace(" ", "~")

"""What a form starts from: an empty sheet, an answer, a forward, a letter again, or a draft taken up."""

import re
import uuid
from dataclasses import dataclass, replace

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import escape, linebreaks
from django.utils.translation import gettext as _

from mailcore.mime.headers import Headers
from mailcore.mime.htmltext import html_to_text

from . import drafting, identities
from .access.opened import open_letter
from .access.opening import Owner
from .access.port import Letter, MailAccess, Person
from .identities import Sender
from .models import LetterTemplate
from .preferences import Preferences
from .recipients import join
from .writing import NOWHERE, Place, Writing, clean_body

MAX_QUOTED = 60_000
MAX_QUOTED_HTML = 200_000
_MAILTO = re.compile(r"<mailto:([^?>\s]{3,320})[^>]*>", re.I)
ANSWERS = ("reply", "all", "list")


@dataclass(frozen=True, slots=True)
class Request:
    """What the address of the page asks for."""

    mode: str = "new"
    place: Place = NOWHERE
    more: tuple[int, ...] = ()
    """Further messages of the folder, to be forwarded together."""
    to: str = ""
    cc: str = ""
    subject: str = ""
    body: str = ""
    template: int = 0
    draft: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    writing: Writing
    senders: tuple[Sender, ...]
    sender: Sender


def start(*, asked: Request, mail: MailAccess, owner: Owner, chosen: Preferences) -> Start:
    """The first state of a form. NotFound where the message it is about is gone."""
    if asked.draft and (row := drafting.find_row(asked.draft, owner)) is not None:
        return _finish(drafting.open_row(row, mail), owner, ())
    if asked.mode == "new" or not asked.place.uid:
        return _blank(asked, owner, chosen)
    if asked.mode == "draft" and (writing := drafting.resume(place=asked.place, owner=owner, mail=mail)) is not None:
        return _finish(writing, owner, ())
    raw = mail.read_raw(asked.place.folder, asked.place.uid)
    letter = open_letter(raw, mail.find_row(asked.place.folder, asked.place.uid))
    reached = [person.address for person in (*letter.row.recipients, *letter.cc)] + _delivered_to(raw)
    if asked.mode == "draft":
        return _finish(_resume(letter, asked.place, raw), owner, [letter.row.sender.address])
    if asked.mode == "again":
        return _finish(_again(letter, asked.place), owner, [letter.row.sender.address])
    senders, sender = identities.choose(owner, reached)
    if asked.mode == "attach" or (asked.mode == "forward" and (asked.more or chosen.forward_as == "attachment")):
        writing = _attach(letter, asked, chosen)
    elif asked.mode == "forward":
        writing = _forward(letter, asked.place, chosen)
    else:
        own = {one.person.address.casefold() for one in senders} | {owner.person.address.casefold()}
        writing = _reply(letter, asked, own, chosen, _list_address(raw))
    return Start(_sign(writing, sender, chosen), tuple(senders), sender)


def _finish(writing: Writing, owner: Owner, reached: list[str] | tuple[str, ...]) -> Start:
    senders, sender = identities.choose(owner, reached, key=writing.sender_key)
    return Start(writing if writing.key else replace(writing, key=str(uuid.uuid4())), tuple(senders), sender)


def _blank(asked: Request, owner: Owner, chosen: Preferences) -> Start:
    senders, sender = identities.choose(owner, ())
    writing = Writing(to=asked.to, cc=asked.cc, subject=asked.subject, text=asked.body, is_html=chosen.compose_format == "html")
    if asked.template:
        kept = LetterTemplate.objects.filter(user_id=owner.principal.user_id, id=asked.template).first()
        if kept is not None:
            writing = replace(writing, subject=writing.subject or kept.subject, text=kept.text)
    if writing.is_html:
        writing = replace(writing, html=as_markup(writing.text) or "<div><br></div>")
    writing = replace(writing, wants_receipt=chosen.is_on("ask_receipt"))
    return Start(_sign(writing, sender, chosen), tuple(senders), sender)


def _reply(letter: Letter, asked: Request, own: set[str], chosen: Preferences, list_address: str) -> Writing:
    is_own = letter.row.sender.address.casefold() in own
    first = letter.row.recipients if is_own else letter.reply_to or (letter.row.sender,)
    if asked.mode == "list" and list_address:
        first = (Person("", list_address),)
    others = [*([] if is_own else letter.row.recipients), *letter.cc] if asked.mode == "all" else []
    taken = own | {person.address.casefold() for person in first}
    copy: dict[str, Person] = {}
    for person in others:
        if person.address.casefold() not in taken:
            copy.setdefault(person.address.casefold(), person)
    writing = Writing(
        to=join(first),
        cc=join(list(copy.values())),
        subject=_prefix("Re", letter.row.subject),
        mode=asked.mode,
        source=asked.place,
        in_reply_to=letter.message_id,
        references=_chain(letter),
    )
    return _with_body(writing, letter, chosen, is_quoted=chosen.quote != "none")


def _with_body(writing: Writing, letter: Letter, chosen: Preferences, *, is_quoted: bool) -> Writing:
    """An answer keeps the form of the letter, unless the person writes in plain text only."""
    attribution = _("On %(when)s, %(who)s wrote:") % {"when": _when(letter), "who": letter.row.sender.shown}
    if letter.html and chosen.compose_format == "html":
        quote = f"<p>{escape(attribution)}</p><blockquote>{_markup_of(letter)}</blockquote>" if is_quoted else ""
        space = "<div><br></div>"
        return replace(writing, is_html=True, html=quote + space if chosen.quote == "above" else space + quote)
    quoted = "\n".join(f">{line}" if line.startswith(">") else f"> {line}" for line in _text(letter).split("\n"))
    quote = f"{attribution}\n{quoted}\n" if is_quoted else ""
    return replace(writing, text=f"{quote}\n\n" if chosen.quote == "above" else f"\n\n{quote}")


def _forward(letter: Letter, place: Place, chosen: Preferences) -> Writing:
    fields = [
        (_("From"), str(letter.row.sender)),
        (_("To"), join(letter.row.recipients)),
        (_("Date"), _when(letter)),
        (_("Subject"), letter.row.subject),
    ]
    title = _("Forwarded message")
    kept = tuple(f"source-{attachment.number}" for attachment in letter.attachments)
    writing = Writing(subject=_prefix("Fwd", letter.row.subject), mode="forward", source=place, kept=kept, references=_chain(letter))
    if letter.html and chosen.compose_format == "html":
        lines = "<br>".join(f"<b>{escape(name)}:</b> {escape(value)}" for name, value in fields)
        return replace(writing, is_html=True, html=f"<div><br></div><p>— {escape(title)} —<br>{lines}</p>{_markup_of(letter)}")
    lines = "\n".join(f"{name}: {value}" for name, value in fields)
    return replace(writing, text=f"\n\n-------- {title} --------\n{lines}\n\n{_text(letter)}")


def _attach(letter: Letter, asked: Request, chosen: Preferences) -> Writing:
    uids = dict.fromkeys((asked.place.uid, *asked.more))
    subject = _prefix("Fwd", letter.row.subject) if len(uids) == 1 else _("%(count)d messages") % {"count": len(uids)}
    is_html = chosen.compose_format == "html"
    return Writing(
        subject=subject, mode="attach", source=asked.place, kept=tuple(f"whole-{uid}" for uid in uids),
        is_html=is_html, html="<div><br></div>" if is_html else "",
    )  # fmt: skip


def _again(letter: Letter, place: Place) -> Writing:
    return Writing(
        to=join(letter.row.recipients),
        cc=join(letter.cc),
        bcc=join(letter.bcc),
        subject=letter.row.subject,
        text=letter.text or html_to_text(letter.html),
        html=_markup_of(letter) if letter.html else "",
        is_html=bool(letter.html),
        mode="again",
        source=place,
        kept=tuple(f"source-{attachment.number}" for attachment in letter.attachments),
    )


def _resume(letter: Letter, place: Place, raw: bytes) -> Writing:
    """A draft another program made."""
    references = letter.references
    unfinished = Headers.parse(raw).get("x-facteur-unfinished") or ""
    return Writing(
        to=", ".join(filter(None, (join(letter.row.recipients), unfinished))),
        cc=join(letter.cc),
        bcc=join(letter.bcc),
        reply_to=join(letter.reply_to),
        subject=letter.row.subject,
        text=letter.text or html_to_text(letter.html),
        html=_markup_of(letter) if letter.html else "",
        is_html=bool(letter.html),
        mode="draft",
        draft_uid=place.uid,
        kept=tuple(f"draft-{one.number}" for one in letter.attachments if not (one.content_id and f"cid:{one.content_id}" in letter.html)),
        in_reply_to=references[-1] if references else "",
        references=references,
    )


def _sign(writing: Writing, sender: Sender, chosen: Preferences) -> Writing:
    """Under what one writes, above what is quoted; where the quote comes first, at the end."""
    writing = replace(writing, key=str(uuid.uuid4()), sender_key=sender.key)
    if chosen.signature == "never" or (chosen.signature == "new" and writing.mode != "new"):
        return writing
    if writing.is_html:
        mark = signature_markup(sender)
        if not mark:
            return writing
        if chosen.quote == "above" and writing.mode in ANSWERS:
            return replace(writing, html=writing.html + mark)
        head, gap, rest = writing.html.partition("<div><br></div>") if writing.mode != "new" else (writing.html, "", "")
        return replace(writing, html=f"{head}{gap}<div><br></div>{mark}{rest}" if gap else f"{writing.html}<div><br></div>{mark}")
    if not sender.signature_text:
        return writing
    mark = f"\n\n-- \n{sender.signature_text}\n"
    if chosen.quote == "above" and writing.mode in ANSWERS:
        return replace(writing, text=writing.text.rstrip("\n") + "\n" + mark)
    return replace(writing, text=mark + writing.text if writing.mode != "new" else writing.text + mark)


def signature_markup(sender: Sender) -> str:
    return sender.signature_html or (f"<div>-- <br>{as_lines(sender.signature_text)}</div>" if sender.signature_text else "")


def as_markup(text: str) -> str:
    return str(linebreaks(text, autoescape=True)) if text.strip() else ""


def as_lines(text: str) -> str:
    return str(escape(text)).replace("\n", "<br>")


def _markup_of(letter: Letter) -> str:
    return clean_body(letter.html[:MAX_QUOTED_HTML])


def _chain(letter: Letter) -> tuple[str, ...]:
    """RFC 5322 §3.6.4: the references of what is answered, then its own id; the root is kept when the list is cut."""
    chain = tuple(dict.fromkeys([*letter.references, *([letter.message_id] if letter.message_id.startswith("<") else [])]))
    return chain if len(chain) <= 20 else (chain[0], *chain[-19:])


def _list_address(raw: bytes) -> str:
    """Where a list takes letters (RFC 2369 §3.4)."""
    found = _MAILTO.search(Headers.parse(raw).get("list-post") or "")
    return found[1] if found else ""


def _delivered_to(raw: bytes) -> list[str]:
    """Where the last host put it: tells which alias or plus address was used."""
    headers = Headers.parse(raw)
    return [value for name in ("delivered-to", "x-original-to") if (value := (headers.get(name) or "").strip())]


def _prefix(word: str, subject: str) -> str:
    return subject if subject.casefold().startswith(f"{word.casefold()}:") else f"{word}: {subject}".strip()


def _text(letter: Letter) -> str:
    return (letter.text or html_to_text(letter.html))[:MAX_QUOTED].strip("\n")


def _when(letter: Letter) -> str:
    moment = timezone.localtime(letter.sent_at or letter.row.arrived)
    return date_format(moment, "j F Y, H:i")

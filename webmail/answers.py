"""What a form starts from: an empty sheet, an answer, a forward, or a draft taken up again."""

from django.utils import timezone

from mailcore.mime.headers import Headers
from mailcore.mime.htmltext import html_to_text

from .access.opened import open_letter
from .access.opening import Owner
from .access.port import Letter, MailAccess, Person
from .outbox import Place, Writing

MAX_QUOTED = 60_000


def start(*, mode: str, place: Place, mail: MailAccess, owner: Owner, to: str = "", subject: str = "") -> Writing:
    if mode == "new" or not place.uid:
        return Writing(to=to, subject=subject)
    raw = mail.read_raw(place.folder, place.uid)
    letter = open_letter(raw, mail.find_row(place.folder, place.uid))
    if mode == "draft":
        return _resume(letter, place, raw)
    if mode == "forward":
        return _forward(letter, place)
    return _reply(letter, place, owner, to_all=mode == "all")


def _reply(letter: Letter, place: Place, owner: Owner, *, to_all: bool) -> Writing:
    own = owner.person.address.casefold()
    is_own = letter.row.sender.address.casefold() == own
    first = letter.row.recipients if is_own else letter.reply_to or (letter.row.sender,)
    others = [*([] if is_own else letter.row.recipients), *letter.cc] if to_all else []
    taken = {own, *(person.address.casefold() for person in first)}
    copy = [person for person in others if person.address.casefold() not in taken]
    return Writing(
        to=_join(first),
        cc=_join(copy),
        subject=_prefix("Re", letter.row.subject),
        text=f"\n\n{_quote(letter)}",
        mode="all" if to_all else "reply",
        source=place,
        in_reply_to=letter.message_id,
        references=_chain(letter),
    )


def _forward(letter: Letter, place: Place) -> Writing:
    head = [
        "-------- Forwarded message --------",
        f"From: {letter.row.sender}",
        f"To: {_join(letter.row.recipients)}",
        f"Date: {_when(letter)}",
        f"Subject: {letter.row.subject}",
        "",
    ]
    kept = tuple(f"source-{attachment.number}" for attachment in letter.attachments)
    return Writing(
        subject=_prefix("Fwd", letter.row.subject),
        text="\n\n" + "\n".join(head) + "\n" + _text(letter),
        mode="forward",
        source=place,
        kept=kept,
        references=_chain(letter),
    )


def _resume(letter: Letter, place: Place, raw: bytes) -> Writing:
    references = letter.references
    unfinished = Headers.parse(raw).get("x-facteur-unfinished") or ""
    to = ", ".join(filter(None, (_join(letter.row.recipients), unfinished)))
    return Writing(
        to=to,
        cc=_join(letter.cc),
        bcc=_join(letter.bcc),
        subject=letter.row.subject,
        text=letter.text,
        mode="draft",
        draft_uid=place.uid,
        kept=tuple(f"draft-{attachment.number}" for attachment in letter.attachments),
        in_reply_to=references[-1] if references else "",
        references=references,
    )


def _chain(letter: Letter) -> tuple[str, ...]:
    """RFC 5322 §3.6.4: the references of what is answered, then its own id; the root is kept when the list is cut."""
    chain = tuple(dict.fromkeys([*letter.references, *([letter.message_id] if letter.message_id.startswith("<") else [])]))
    return chain if len(chain) <= 20 else (chain[0], *chain[-19:])


def _join(people: tuple[Person, ...] | list[Person]) -> str:
    return ", ".join(_write(person) for person in people if person.address)


def _write(person: Person) -> str:
    if not person.name:
        return person.address
    plain = all(char.isalnum() or char in " -'" for char in person.name)
    quoted = person.name.replace("\\", "\\\\").replace('"', '\\"')
    return f"{person.name} <{person.address}>" if plain else f'"{quoted}" <{person.address}>'


def _prefix(word: str, subject: str) -> str:
    return subject if subject.casefold().startswith(f"{word.casefold()}:") else f"{word}: {subject}".strip()


def _text(letter: Letter) -> str:
    return (letter.text or html_to_text(letter.html))[:MAX_QUOTED].strip("\n")


def _when(letter: Letter) -> str:
    moment = timezone.localtime(letter.sent_at or letter.row.arrived)
    return f"{moment.day} {moment:%B %Y, %H:%M}"


def _quote(letter: Letter) -> str:
    quoted = "\n".join(f">{line}" if line.startswith(">") else f"> {line}" for line in _text(letter).split("\n"))
    return f"On {_when(letter)}, {letter.row.sender.shown} wrote:\n{quoted}\n"

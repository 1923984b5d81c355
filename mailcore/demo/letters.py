"""The letters themselves: threads, newsletters, attachments, several languages, all from one seed."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from random import Random

from mailcore.kernel import flags

from . import texts
from .attachments import make_csv, make_invitation, make_pdf, make_png
from .people import OUTSIDERS, RESIDENTS, SENDERS_OF_BULK, Person


@dataclass(frozen=True, slots=True)
class Letter:
    folder: str
    raw: bytes
    flags: int
    keywords: frozenset[str]
    sent_at: datetime


@dataclass(slots=True)
class _Thread:
    subject: str
    partner: Person
    message_ids: list[str]
    last_text: str


def write_letters(*, owner: Person, count: int, until: datetime, seed: int = 1) -> Iterator[Letter]:
    """`count` letters for one mailbox, oldest first, the newest shortly before `until`."""
    writer = _Writer(owner, Random(f"{seed}:{owner.address}"))
    for number in range(count):
        age = timedelta(minutes=37) * (count - number) * (1 + 3 * (count - number) / count)
        yield writer.write(number, until - age, is_new=number > count - 25)


class _Writer:
    def __init__(self, owner: Person, random: Random) -> None:
        self.owner = owner
        self.random = random
        self.threads: list[_Thread] = []

    def write(self, number: int, sent_at: datetime, *, is_new: bool) -> Letter:
        kind = self.random.random()
        if kind < 0.16:
            message, folder = self._newsletter(number, sent_at), "INBOX"
        elif kind < 0.22:
            message, folder = self._from_abroad(number, sent_at), "INBOX"
        elif kind < 0.25:
            message, folder = self._unwanted(number, sent_at), "Junk"
        else:
            message, folder = self._conversation(number, sent_at)
        if folder == "INBOX" and not is_new and self.random.random() < 0.35:
            folder = self.random.choice(("Archive", "Archive", "Print runs", "Print runs/Proofs", "Festival"))
        seen = folder in ("Sent", "Archive") or (not (is_new and self.random.random() < 0.7) and self.random.random() < 0.97)
        bits = (flags.SEEN if seen else 0) | (flags.FLAGGED if self.random.random() < 0.05 else 0)
        keywords = frozenset({self.random.choice(("$label1", "$label2", "$label4"))}) if self.random.random() < 0.06 else frozenset()
        return Letter(folder, message.as_bytes(policy=SMTP), bits, keywords, sent_at)

    def _start(self, number: int, sent_at: datetime, sender: Person, to: Person, subject: str) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        message["From"] = f"{_quote(sender.name)} <{sender.address}>"
        message["To"] = f"{_quote(to.name)} <{to.address}>"
        message["Subject"] = subject
        message["Date"] = format_datetime(sent_at.astimezone(UTC))
        message["Message-ID"] = f"<{number:05d}.{self.random.getrandbits(48):012x}@{sender.address.partition('@')[2]}>"
        return message

    def _prose(self, partner: Person, author: Person) -> str:
        paragraphs = [self.random.choice(texts.OPENINGS)]
        paragraphs += [" ".join(self.random.sample(texts.SENTENCES, self.random.randint(1, 3))) for _ in range(self.random.randint(1, 4))]
        return (
            f"Dear {partner.first_name},\n\n" + "\n\n".join(paragraphs) + f"\n\n{self.random.choice(texts.CLOSINGS)}\n{author.first_name}\n"
        )

    def _conversation(self, number: int, sent_at: datetime) -> tuple[EmailMessage, str]:
        is_reply = bool(self.threads) and self.random.random() < 0.6
        thread = self.random.choice(self.threads[-12:]) if is_reply else self._open_thread(number)
        is_mine = self.random.random() < 0.3
        author, reader = (self.owner, thread.partner) if is_mine else (thread.partner, self.owner)
        message = self._start(number, sent_at, author, reader, ("Re: " if thread.message_ids else "") + thread.subject)
        body = self._prose(reader, author)
        if thread.message_ids:
            message["In-Reply-To"] = thread.message_ids[-1]
            message["References"] = " ".join(thread.message_ids[-10:])
            quoted = "\n".join(f"> {line}" for line in thread.last_text.splitlines()[:12])
            body += f"\n{reader.name} wrote:\n{quoted}\n"
        if self.random.random() < 0.15:
            copied = self.random.choice([person for person in RESIDENTS if person not in (author, reader)])
            message["Cc"] = f"{_quote(copied.name)} <{copied.address}>"
        message.set_content(body)
        if self.random.random() < 0.3:
            message.add_alternative(_as_html(body), subtype="html")
        if self.random.random() < 0.22:
            self._attach(message, thread.subject, sent_at)
        thread.message_ids.append(message["Message-ID"])
        thread.last_text = body.split("\n>")[0]
        return message, "Sent" if is_mine else "INBOX"

    def _open_thread(self, number: int) -> _Thread:
        partner = self.random.choice([person for person in (*OUTSIDERS, *RESIDENTS) if person != self.owner])
        subject = texts.SUBJECTS[number % len(texts.SUBJECTS)]
        thread = _Thread(subject, partner, [], "")
        self.threads.append(thread)
        return thread

    def _attach(self, message: EmailMessage, subject: str, sent_at: datetime) -> None:
        stem = "-".join(word for word in subject.lower().replace("“", "").replace("”", "").split()[:3])
        kind = self.random.randrange(4)
        if kind == 0:
            message.add_attachment(make_png(self.random), maintype="image", subtype="png", filename=f"{stem}.png")
        elif kind == 1:
            message.add_attachment(make_pdf(subject), maintype="application", subtype="pdf", filename=f"{stem}.pdf")
        elif kind == 2:
            message.add_attachment(make_csv(self.random), maintype="text", subtype="csv", filename="Aufträge und Größen.csv")
        else:
            stamp = sent_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
            calendar = make_invitation(uid=f"{self.random.getrandbits(64):x}@larch-press.example", stamp=stamp, summary=subject)
            message.add_attachment(calendar, maintype="text", subtype="calendar", filename="invitation.ics")

    def _from_abroad(self, number: int, sent_at: datetime) -> EmailMessage:
        subject, body = self.random.choice(texts.ELSEWHERE)
        sender = self.random.choice(OUTSIDERS)
        message = self._start(number, sent_at, sender, self.owner, subject)
        message.set_content(f"{body}\n{sender.name}\n", cte=self.random.choice(("base64", "quoted-printable")))
        return message

    def _newsletter(self, number: int, sent_at: datetime) -> EmailMessage:
        sender = self.random.choice(SENDERS_OF_BULK)
        title = self.random.choice(texts.NEWS_TITLES)
        message = self._start(number, sent_at, sender, self.owner, title)
        host = sender.address.partition("@")[2]
        message["List-Id"] = f"{_quote(sender.name)} <news.{host}>"
        message["List-Unsubscribe"] = f"<https://{host}/leave/{number}>"
        sections = [" ".join(self.random.sample(texts.SENTENCES, 3)) for _ in range(3)]
        message.set_content(f"{title}\n\n" + "\n\n".join(sections) + f"\n\nhttps://{host}/issue/{number}\n")
        message.add_alternative(_newsletter_html(sender.name, title, sections, f"https://{host}", self.random), subtype="html")
        html_part = message.get_payload()[1]  # type: ignore[index]
        html_part.add_related(make_png(self.random, width=520, height=120), maintype="image", subtype="png", cid="<masthead>")  # type: ignore[union-attr]
        return message

    def _unwanted(self, number: int, sent_at: datetime) -> EmailMessage:
        sender = Person("Winner Office", f"claim{number}@prize-office.example")
        message = self._start(number, sent_at, sender, self.owner, "Your parcel could not be delivered")
        code = base64.b32encode(self.random.randbytes(10)).decode()
        message.set_content(f"Dear customer,\n\na fee of 1.99 is open for parcel {code}. Pay today or it is returned.\n")
        return message


def _quote(name: str) -> str:
    return name if name.isascii() and name.replace(" ", "").isalnum() else f'"{name}"'


def _as_html(text: str) -> str:
    paragraphs = "".join(f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in text.split("\n\n"))
    return f"<html><body>{paragraphs}</body></html>"


def _newsletter_html(name: str, title: str, sections: list[str], site: str, random: Random) -> str:
    colour = random.choice(("#27496d", "#5b3a29", "#2f5d50", "#7a3b3b"))
    blocks = "".join(
        f'<tr><td style="padding:16px 24px;border-top:1px solid #ddd"><p style="margin:0;color:#333">{escape(text)}</p>'
        f'<p style="margin:8px 0 0"><a href="{site}/read/{place}" style="color:{colour}">Read on</a></p></td></tr>'
        for place, text in enumerate(sections)
    )
    return (
        f'<html><body style="background-color:#f4f1ea"><table width="100%"><tr><td align="center"><table width="560" '
        f'style="background-color:#ffffff;font-family:Georgia,serif"><tr><td style="background-color:{colour};color:#ffffff;padding:20px 24px">'
        f'<h1 style="margin:0;font-size:24px">{escape(name)}</h1></td></tr><tr><td><img src="cid:masthead" width="560" alt=""></td></tr>'
        f'<tr><td style="padding:20px 24px"><h2 style="margin:0;color:{colour}">{escape(title)}</h2></td></tr>{blocks}'
        f'<tr><td style="padding:16px 24px;color:#777;font-size:12px">You receive this because you asked for it. '
        f'<a href="{site}/leave">Leave</a><img src="{site}/open.gif" width="1" height="1" alt=""></td></tr></table></td></tr></table></body></html>'
    )

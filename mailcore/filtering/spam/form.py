"""Points for the form of a message: header, authentication, structure. What works before anybody taught anything. Pure.

Each mark is a name, its points and words for the journey; spam begins at five points. Weights are set by hand: alone, no mark
that honest mail bears now and then reaches the threshold.
"""

import re
import time
from collections.abc import Iterator
from typing import NamedTuple

from mailcore.mime.content import decoded
from mailcore.mime.dates import parse_date
from mailcore.mime.parts import Part

from .sample import Sample, host_of, raw_value

EXECUTABLE = frozenset(
    (
        "ade", "adp", "app", "appx", "bat", "chm", "cmd", "com", "cpl", "dll", "exe", "hta", "ins", "iso", "isp", "jar", "js", "jse", "lib",
        "lnk", "mde", "msc", "msi", "msix", "msp", "mst", "nsh", "pif", "ps1", "reg", "scr", "sct", "shb", "sys", "vb", "vbe", "vbs", "vhd",
        "vxd", "wsc", "wsf", "wsh", "xll",
    )
)  # fmt: skip
_UPPER_RUN = re.compile(r"\b[A-ZÀ-Þ]{2,}(?:[ ,!]+[A-ZÀ-Þ]{2,}){4,}")
_TRAILING_ID = re.compile(r"\s{4,}\S|\[?[a-z]{4,10}\d{3,8}\]?\s*\Z|\s[a-z]{6,12}\s*\Z")
_IN_NAME = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
_NUMBER_HOST = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|0x[0-9a-f]+|\d{8,10}")
_LINK = re.compile(
    r"<a\b[^<>]*?href\s*=\s*[\"']?\s*(https?://[^\"'\s<>]{3,400})[^<>]*>\s*(https?://[^\s<>]{3,200}|www\.[^\s<>]{3,200})", re.IGNORECASE
)
_HIDDEN = re.compile(
    r"font-size\s*:\s*[01](?:px|pt)?\b|display\s*:\s*none|visibility\s*:\s*hidden|<font[^<>]*color=[\"']?#?(?:ffffff|white)", re.IGNORECASE
)
_SPLIT_WORD = re.compile(r"[a-z](?:<!--[^<>]{0,40}-->|</?[a-z]{5,20}>)[a-z]", re.IGNORECASE)
_OWN_IN_URL = re.compile(r"[?&=/][^\s/@?&=]{2,64}(?:@|%40)[\w-]+\.", re.IGNORECASE)
_PITCH = tuple(
    (re.compile(rf"\b(?:{'|'.join(phrases)})", re.IGNORECASE), points)
    for points, phrases in (
        (2.0, (r"viagra\b", r"cialis\b", r"levitra\b", r"xanax\b", r"phentermine\b", r"weight[- ]loss pills?", r"penis\b")),
        (
            0.9,
            (
                r"to be removed (?:from|reply|please|send|click)",
                r"remove (?:me|your(?:self| name| (?:e-?mail )?address)) from (?:our|this)",
            ),
        ),
        (
            0.8,
            (r"100% (?:free|risk[- ]free|guaranteed?)", "risk[- ]free", r"no (?:cost|obligation|investment)\b", "money[- ]back guarantee"),
        ),
        (
            2.0,
            ("next of kin", r"transfer (?:of )?(?:the|this) (?:fund|sum|money)", "million (?:us|united states) dollars", "foreign partner"),
        ),
        (0.6, (r"click (?:here|below|on the link)", r"order (?:now|today)", "act now", "limited time", r"call (?:now|toll[- ]free)")),
        (1.2, (r"(?:earn|make) (?:up to |over |an extra )?\$ ?\d", "financial freedom", "work (?:from|at) home")),
        (
            1.2,
            (
                r"lower(?:est)? (?:your )?(?:mortgage|interest|rates?)",
                r"refinanc\w+",
                "consolidate (?:your )?debts?",
                "life insurance",
                "toner cart",
            ),
        ),
        (2.5, (r"this (?:e-?mail|message|letter) (?:is|was) (?:not spam|sent in compliance|never sent unsolicited)", "section 301")),
        (0.8, (r"(?:verify|confirm|update|unlock|validate) (?:your |the )?(?:account|mailbox|password|identity|payment)\b",)),
        (1.5, (r"(?:hot|horny|nude|xxx|teens?|hardcore) (?:girls?|sex|teens?|pics?|porn|babes?|wives|sluts?|video)\b", r"porn\w*\b")),
        (
            1.0,
            (r"(?:bitcoin|btc|crypto) (?:wallet|address|investment)", "double your (?:bitcoin|money)", "lottery", r"you (?:have )?won\b"),
        ),
        (1.0, ("cliquez ici", "gagnez", "sans engagement", "klicken sie hier", "haga clic aquí", "жмите", "免费", "发票", "無料")),
    )
)
"""Phrases of advertising and fraud, and the points of each group."""


class Mark(NamedTuple):
    name: str
    points: float
    words: str


def inspect(sample: Sample, *, now: float | None = None) -> list[Mark]:
    at = time.time() if now is None else now
    return [
        mark
        for group in (_of_proofs(sample), _of_header(sample, at), _of_people(sample), _of_text(sample), _of_markup(sample))
        for mark in group
    ]


def _of_proofs(sample: Sample) -> Iterator[Mark]:
    proofs = sample.proofs
    match proofs.get("spf"):
        case "fail":
            yield Mark("spf-fail", 1.5, "its sender's domain says this host may not send for it")
        case "softfail":
            yield Mark("spf-softfail", 0.7, "its sender's domain doubts this host")
    if proofs.get("dkim") == "fail":
        yield Mark("dkim-fail", 0.5, "its signature does not hold")
    match proofs.get("dmarc"):
        case "fail":
            yield Mark("dmarc-fail", 1.5, "its author is not proved, though the author's domain asks for it")
        case "pass":
            yield Mark("dmarc-pass", -0.5, "its author is proved")
    match proofs.get("iprev"):
        case "fail":
            yield Mark("reverse-forged", 0.8, "the host's name does not lead back to it")
        case "permerror":
            yield Mark("reverse-none", 1.0, "the host has no name")
    if proofs and sample.hops:
        yield from _of_greeting(sample.hops[0].helo, sample.hops[0].peer)


def _of_greeting(helo: str, peer: str) -> Iterator[Mark]:
    bare = helo.strip("[]").removeprefix("ipv6:")
    if helo and peer and bare == peer and not helo.startswith("["):
        yield Mark("helo-number", 1.5, "the host calls itself by a bare number")
    elif helo and "." not in helo and not helo.startswith("["):
        yield Mark("helo-short", 1.0, "the host calls itself by no full name")
    elif re.search(r"(?:\d{1,3}[-.]){3}\d{1,3}", helo) and not helo.startswith("["):
        yield Mark("helo-dynamic", 1.2, "the host has the name of a dial-up line")


def _of_header(sample: Sample, now: float) -> Iterator[Mark]:
    headers = sample.headers
    message_id = raw_value(headers, "message-id")
    if not message_id:
        yield Mark("no-id", 1.0, "no Message-ID")
    elif "@" not in message_id:
        yield Mark("odd-id", 0.8, "a Message-ID without a host")
    written = raw_value(headers, "date")
    sent_at = parse_date(written) if written else None
    if sent_at is None:
        yield Mark("no-date", 1.2, "no date that can be read")
    elif sent_at > now + 86_400:
        yield Mark("from-the-future", 1.5, "dated more than a day ahead")
    subject = sample.subject
    if not subject.strip():
        yield Mark("no-subject", 0.3, "no subject")
    letters = [char for char in subject if char.isalpha()]
    if len(letters) > 9 and all(char.isupper() for char in letters if char.lower() != char.upper()):
        yield Mark("subject-shouts", 1.2, "its subject is all capitals")
    if re.search(r"!{2}|\${2}|\?{3}|\bADV\b", subject):
        yield Mark("subject-marks", 0.8, "its subject cries out")
    if subject and _TRAILING_ID.search(subject) and re.search(r"\s{4,}\S|\d{3,}\s*\Z", subject):
        yield Mark("subject-number", 1.0, "a number at the end of its subject, as bulk mailers add")
    raw_subject = headers.raw("subject") or b""
    if not raw_subject.isascii() and b"=?" not in raw_subject and _is_mojibake(raw_subject):
        yield Mark("subject-raw", 1.5, "its subject is in no known writing")
    answers = "in-reply-to" in headers or "references" in headers
    if answers:
        yield Mark("answer", -1.0, "an answer to a message")
    elif re.match(r"(?:re|aw|sv|tr)\s*:", subject, re.IGNORECASE):
        yield Mark("false-answer", 0.8, "it pretends to be an answer")
    if "list-id" in headers or "list-post" in headers:
        yield Mark("list", -0.6, "from a mailing list")
    if (
        raw_value(headers, "x-mailer")
        and re.search(r"outlook express", raw_value(headers, "x-mailer"), re.I)
        and "x-mimeole" not in headers
    ):
        yield Mark("false-mailer", 1.0, "it was not written with the program it names")


def _is_mojibake(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _of_people(sample: Sample) -> Iterator[Mark]:
    headers = sample.headers
    name, address = sample.author
    domain = address.rpartition("@")[2]
    if not address or "@" not in address:
        yield Mark("no-author", 1.5, "no author with an address")
    claimed = _IN_NAME.search(name)
    if claimed and claimed[1].lower() != domain:
        yield Mark("name-is-other-address", 2.0, "its author is named like somebody else's address")
    if re.search(r"\d{4,}|[a-z]\d+[a-z]+\d", address.partition("@")[0]):
        yield Mark("author-numbers", 0.5, "an author of numbers")
    _, answer_to = sample.first("reply-to")
    if answer_to and domain and not _is_near(answer_to.rpartition("@")[2], domain) and "list-id" not in headers:
        yield Mark("answer-elsewhere", 0.6, "answers go to another domain")
    to, cc = raw_value(headers, "to"), raw_value(headers, "cc")
    if "@" not in to and "@" not in cc:
        yield Mark("to-nobody", 1.0, "addressed to nobody")
    _, first_to = sample.first("to")
    if first_to and first_to == address:
        yield Mark("to-itself", 1.0, "addressed to its own author")


def _is_near(one: str, other: str) -> bool:
    return one.split(".")[-2:] == other.split(".")[-2:]


def _of_text(sample: Sample) -> Iterator[Mark]:
    text = f"{sample.subject}\n{sample.text[:20_000]}"
    pitched = [points for pattern, points in _PITCH if pattern.search(text)]
    if pitched:
        yield Mark("pitch", round(min(sum(pitched), 4.0), 1), f"{len(pitched)} phrases of advertising or fraud")
    if len(_UPPER_RUN.findall(text)) >= 2:
        yield Mark("shouts", 0.8, "long runs of capitals")
    if text.count("!") > 8 and text.count("!") * 150 > len(text):
        yield Mark("cries", 0.5, "one exclamation mark after another")
    urls = [url for url in sample.urls if "://" in url]
    hosts = {host_of(url) for url in urls}
    if any(_NUMBER_HOST.fullmatch(host) for host in hosts):
        yield Mark("link-number", 1.5, "a link to a bare number")
    if any("@" in url.partition("://")[2].partition("/")[0] for url in urls):
        yield Mark("link-disguised", 1.5, "a link that hides where it leads")
    if any(re.search(r"%[46][1-9a-f]|%7[0-9a]", url.partition("?")[0], re.IGNORECASE) for url in urls):
        yield Mark("link-encoded", 1.0, "a link with letters written as numbers")
    if any(_OWN_IN_URL.search(url) for url in urls):
        yield Mark("link-tells", 0.8, "a link that tells who opened it")
    for part in sample.parts:
        extension = part.filename.rpartition(".")[2].lower()
        if part.filename and extension in EXECUTABLE:
            yield Mark("executable", 3.0, f"a program is attached (.{extension})")
            break
    if any(_is_pointlessly_encoded(sample, part) for part in sample.parts):
        yield Mark("text-encoded", 1.5, "plain text in an encoding it does not need")


def _is_pointlessly_encoded(sample: Sample, part: Part) -> bool:
    """Base64 around nothing but ASCII keeps plain filters from reading it."""
    if part.type != "text" or part.encoding != "base64" or part.disposition == "attachment" or part.size < 40:
        return False
    return decoded(sample.message.raw, part, 4_096)[:2_048].isascii()


def _of_markup(sample: Sample) -> Iterator[Mark]:
    markup = sample.markup
    if not markup:
        return
    text = "".join(sample.texts)
    if not sample.has_plain:
        yield Mark("only-html", 1.0, "HTML without a plain text")
    lowered = markup.lower()
    pictures = lowered.count("<img")
    if pictures and len(text) < 200 * pictures and len(text) < 400:
        yield Mark("pictures", 1.2, "pictures and hardly any text")
    if "<form" in lowered:
        yield Mark("form", 1.0, "a form to fill in")
    if re.search(r"<script|<iframe|\bonload\s*=|javascript:", lowered):
        yield Mark("script", 1.0, "a program in its text")
    if _HIDDEN.search(markup):
        yield Mark("hidden-text", 0.7, "text that nobody is to see")
    if len(_SPLIT_WORD.findall(markup)) > 2:
        yield Mark("split-words", 2.0, "words cut up by invisible marks")
    for link, shown in _LINK.findall(markup)[:40]:
        if not _is_near(host_of(link), host_of(shown)):
            yield Mark("link-lies", 1.5, "a link that shows another address than it leads to")
            break
    if re.search(r"<font[^<>]*size=[\"']?(?:\+[3-9]|[6-7])|font-size:\s*(?:[4-9]\d|\d{3})p", lowered):
        yield Mark("big-letters", 0.7, "very big letters")

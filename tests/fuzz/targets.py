"""The parsers, each with inputs to begin from, the tokens of its grammar, and what it may raise for what nobody meant."""

import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mailcore.filtering.procmail import reading as procmail
from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import MailError
from mailcore.lists import bouncing
from mailcore.mime import addresses, structure
from mailcore.mime.sections import locate
from mailcore.mime.summary import summarise
from mailcore.mime.text import search_text, snippet
from mailcore.pop3.grammar import LineReader
from mailcore.sieve.faults import ScriptFault
from mailcore.sieve.script import compile_script
from mailcore.smtp.session.actions import Kind
from mailcore.trust.reports import dmarcxml, tlsjson, unpacking
from tests.imap.builders import Client as ImapClient
from tests.imap.builders import filled
from tests.managesieve.fakes import Client as SieveClient
from tests.pop3 import fakes as pop3
from tests.sieve import desk
from tests.smtp.peers import World, make_config
from tests.transcripts.runner import load

_TESTS = Path(__file__).resolve().parent.parent
_PIECES = (1, 7, 4_096)


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    run: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    tokens: tuple[bytes, ...] = ()
    allowed: tuple[type[Exception], ...] = ()
    """The errors by which it says that an input is no good."""


def _said_by_clients(protocol: str) -> tuple[bytes, ...]:
    scripts = sorted((_TESTS / "transcripts" / protocol).glob("*.txt"))
    return tuple(b"".join(step.octets for step in load(script) if step.kind == "C") for script in scripts)


def _cut(data: bytes) -> list[bytes]:
    """In pieces, of a size that the input itself decides: the same input always runs the same way."""
    size = _PIECES[len(data) % len(_PIECES)] if len(data) < 2_000 else 4_096
    return [data[at : at + size] for at in range(0, len(data), size)]


def _run_imap(data: bytes) -> None:
    client = ImapClient(filled(3))
    client.run(b"SELECT INBOX")
    for piece in _cut(data):
        if client.session.close:
            return
        client.send(piece)
        if client.session.starttls_requested:
            client.session.tls_started()
        if client.session.compress_requested:
            client.session.compress_started()


def _run_smtp(data: bytes, kind: Kind) -> None:
    world = World(make_config(kind=kind, auth_allowed_in_clear=True, tls_available=True))
    for piece in _cut(data):
        if world.closed:
            return
        world.send(piece)
        if world.securing:
            world.happen("tls")


def _run_pop3(data: bytes) -> None:
    session = pop3.session(pop3.Inbox([b"Subject: one\r\n\r\n.first\r\n", b"Subject: two\r\n\r\nno end"]), sasl=pop3.Sasl(pop3.Keys()))
    reader = LineReader(session.limits.max_line)
    for piece in (b"USER ann@example.org\r\nPASS a pass word\r\n" if len(data) % 2 else b"", *_cut(data)):
        for line in reader.feed(piece):
            if session.is_closed:
                return
            b"".join(session.execute(line))
            if session.starttls_requested:
                session.tls_started()


def _run_managesieve(data: bytes) -> None:
    client = SieveClient(may_log_in_clear=True)
    if len(data) % 4:
        client.happen("ready")
    for piece in _cut(data):
        client.send(piece)
        if client.session.starttls_requested:
            client.happen("tls")


def _run_sieve(data: bytes) -> None:
    compile_script(data)
    desk.run(data.decode("utf-8"))


def _run_mime(data: bytes) -> None:
    message = structure.parse(data)
    summarise(data)
    search_text(message)
    snippet(message)
    assert structure.load(structure.dump(message.root)) == message.root
    for number in (1, 2):
        locate(message.root, (number,))
        locate(message.root, (number, 1), "HEADER")


def _run_addresses(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    addresses.parse(text)
    addresses.list_mailboxes(text)
    MailAddress.parse(data.decode("utf-8", "replace"))


def _run_reports(data: bytes) -> None:
    for found in (*unpacking.find(data), data):
        unpacking.unpack(found)


def _run_procmail(data: bytes) -> None:
    procmail.read(data.decode("latin-1"))


_LETTERS = tuple(path.read_bytes() for path in sorted((_TESTS / "corpus").glob("*.eml")))
_SCRIPTS = (
    b'require ["fileinto", "copy", "variables", "relational", "comparator-i;ascii-numeric", "date", "mime", "foreverypart"];\r\n'
    b'if header :matches "subject" "*order*" { set :upper "n" "${1}"; fileinto :copy "Orders.${n}"; stop; }\r\n'
    b'elsif anyof (size :over 100K, not exists "list-id", address :domain "from" ["shop.example", "x.example"]) { keep; }\r\n'
    b'else { discard; }\r\nforeverypart { if header :mime :contenttype "content-type" "text/html" { break; } }\r\n',
    b'require ["vacation", "regex", "envelope", "imap4flags", "body", "editheader", "include"];\r\n'
    b'vacation :days 7 :subject "Away" text:\r\nI am away.\r\n..\r\n.\r\n;\r\n'
    b'if header :regex "subject" "^(Re|Aw): [a-z]+[0-9]{2,4}$" { addflag "\\\\Flagged"; addheader "X-A" "b"; }\r\n# end\r\n',
    b'if allof (true, not false) { redirect "bo@home.example"; /* both */ keep; }',
)
_SIEVE_TOKENS = (
    b'"',
    b"{",
    b"}",
    b"(",
    b")",
    b"[",
    b"]",
    b";",
    b"if ",
    b"not ",
    b"anyof(",
    b":matches ",
    b":count ",
    b"${1}",
    b"*",
    b"text:\r\n",
)
_DMARC = (
    b'<?xml version="1.0"?><feedback><report_metadata><org_name>r</org_name><report_id>1</report_id><date_range><begin>1</begin>'
    b"<end>2</end></date_range></report_metadata><policy_published><domain>a.example</domain><p>none</p></policy_published><record><row>"
    b"<source_ip>192.0.2.1</source_ip><count>2</count><policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>fail</spf>"
    b"</policy_evaluated></row><identifiers><header_from>a.example</header_from></identifiers></record></feedback>"
)
_TLSRPT = (
    b'{"organization-name":"r","report-id":"1","date-range":{"start-datetime":"2026-01-01T00:00:00Z","end-datetime":"2026-01-02T00:00:00Z"},'
    b'"policies":[{"policy":{"policy-type":"sts","policy-domain":"a.example"},"summary":{"total-successful-session-count":1,'
    b'"total-failure-session-count":2},"failure-details":[{"result-type":"certificate-expired","failed-session-count":2}]}]}'
)


def _packed() -> tuple[bytes, ...]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(zipfile.ZipInfo("report.xml"), _DMARC)
    return gzip.compress(_DMARC, mtime=0), archive.getvalue()


_IMAP_TOKENS = (
    b"(",
    b")",
    b"* ",
    b"1:*",
    b"$",
    b"UID ",
    b"FETCH ",
    b"BODY[",
    b"]<0.5>",
    b"SEARCH ",
    b"OR ",
    b"NOT ",
    b"CHARSET ",
    b"~{3}\r\n",
    b"NIL",
)
_IMAP_LINES = (
    b'a UID FETCH 1:* (UID FLAGS BODY.PEEK[HEADER.FIELDS ("Subject" from)] BODY[1.MIME]<0.9> BINARY.SIZE[1]) (CHANGEDSINCE 1)\r\n'
    b'b SEARCH RETURN (MIN MAX COUNT ALL) CHARSET UTF-8 OR (FROM "x" NOT SEEN) HEADER Subject {3+}\r\nabc SINCE 1-Feb-2024 UID 1,3:*\r\n'
    b'c STORE 1:2 (UNCHANGEDSINCE 5) +FLAGS.SILENT (\\Seen $Forwarded)\r\nd SORT (REVERSE DATE SUBJECT) UTF-8 ALL\r\n'
    b'e LIST (SUBSCRIBED) "" ("*" "%/x") RETURN (CHILDREN STATUS (MESSAGES))\r\nf THREAD REFERENCES UTF-8 ALL\r\ng NOOP\r\n',
)  # fmt: skip

_SMTP_TOKENS = (b"MAIL FROM:<", b"RCPT TO:<", b"BDAT ", b"DATA\r\n", b".\r\n", b">")
_POP3_LINES = (
    b"CAPA\r\nUSER ann@example.org\r\nPASS a pass word\r\nLIST\r\nUIDL 1\r\nRETR 1\r\nTOP 2 1\r\nDELE 1\r\nRSET\r\nLANG *\r\nQUIT\r\n",
    b"UTF8\r\nAUTH SCRAM-SHA-256\r\nbixfLG49YW5uLHI9cm9wck5HZndFYmVSV2diTkVrcU8=\r\nAUTH PLAIN AGEAYg==\r\nSTLS\r\nSTAT\r\nNOOP\r\n",
)
_RECIPES = (b":0 Hc: lock\n* ^From.*x\n* ! > 1000\n{\n:0\n| cmd\n}\nA=`b`\n",)
_MIME_TOKENS = (
    b"--", b"boundary=", b"Content-Type: multipart/mixed\r\n", b"Content-Type: message/rfc822\r\n\r\n", b"=?utf-8?b?", b"?=", b"base64",
)  # fmt: skip
_ADDRESSES = (
    b'"A, B" <a@b.example>, grp: x@y (c), =?utf-8?q?=C3=A9?= <z@[127.0.0.1]>;, @r:u@v',
    b"\xc3\xa9@b\xc3\xbccher.example",
)
_ADDRESS_TOKENS = (b"<", b">", b"(", b")", b"@", b",", b";", b":", b'"', b"xn--")
_ARCHIVES = (b"application/gzip", b"application/zip", b"application/octet-stream")

TARGETS: tuple[Target, ...] = (
    Target("imap", _run_imap, (*_said_by_clients("imap"), *_IMAP_LINES), _IMAP_TOKENS),
    Target("smtp", partial(_run_smtp, kind=Kind.MX), _said_by_clients("smtp"), _SMTP_TOKENS),
    Target("submission", partial(_run_smtp, kind=Kind.SUBMISSION), _said_by_clients("smtp"), (b"AUTH PLAIN ", b"EHLO x\r\n", b"*\r\n")),
    Target("lmtp", partial(_run_smtp, kind=Kind.LMTP), _said_by_clients("smtp"), (b"LHLO x\r\n", b"BDAT 3 LAST\r\n", b"RSET\r\n")),
    Target("pop3", _run_pop3, _POP3_LINES, (b"RETR ", b"TOP ", b"AUTH ", b"*\r\n", b"=\r\n")),
    Target("managesieve", _run_managesieve, _said_by_clients("managesieve"), (b'"', b"{3+}\r\n", b"PUTSCRIPT ", b"AUTHENTICATE ")),
    Target("sieve", _run_sieve, _SCRIPTS, _SIEVE_TOKENS, (ScriptFault, UnicodeDecodeError)),
    Target("procmail", _run_procmail, _RECIPES, (b"{", b"}", b":0", b"* "), (MailError,)),
    Target("mime", _run_mime, _LETTERS, _MIME_TOKENS),
    Target("addresses", _run_addresses, _ADDRESSES, _ADDRESS_TOKENS, (MailError,)),
    Target("bounces", bouncing.read, _LETTERS, (b"Action: failed\r\n", b"Status: 5.1.1\r\n", b"message/delivery-status")),
    Target("reports", _run_reports, (*_LETTERS, *_packed()), _ARCHIVES, (unpacking.BadReport,)),
    Target("dmarc-xml", dmarcxml.parse, (_DMARC,), (b"<", b"</", b"<record>", b"&amp;", b"<!DOCTYPE x [", b"]]>"), (unpacking.BadReport,)),
    Target("tls-json", tlsjson.parse, (_TLSRPT,), (b"[", b"{", b"]", b"null", b"1e999", b'"policies":'), (unpacking.BadReport,)),
)

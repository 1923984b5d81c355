"""Words, parameters, addresses, charsets, subjects and dates: one row a case."""

import pytest

from mailcore.mime import addresses, charsets, words
from mailcore.mime.addresses import GroupEnd, GroupStart, Mailbox
from mailcore.mime.dates import parse_date
from mailcore.mime.parameters import MAX_PARAMETERS, parse_content_type, parse_disposition
from mailcore.mime.subjects import base_subject


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?caf=C3=A9_noir?=", "café noir"),
        ("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"),
        ("=?ISO-8859-1?Q?a?= b", "a b"),
        ("a =?utf-8?q?b?=", "a b"),
        ("=?utf-8?B?w6k=?= =?utf-8?Q?=C3?= =?utf-8?Q?=A9?=", "éé"),
        ("=?utf-8?B?w6?= =?utf-8?B?k=?=", "é"),
        ("=?utf-8*fr?Q?=C3=A9?=", "é"),
        ("=?utf-8?B?Y2Fmw6k?=", "café"),
        ("=?x-unknown?Q?=C3=A9?=", "é"),
        ("=?iso-8859-1?Q?=93hi=94?=", "“hi”"),
        ("=?gb2312?B?xOO6ww==?=", "你好"),
        ("=?ks_c_5601-1987?B?vsiz5w==?=", "안녕"),
        ("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        ("=?utf-8?Q?two words?=", "two words"),
        ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ("=?utf-8?Q?open", "=?utf-8?Q?open"),
        ("=?utf-8?Q?=ZZ=4?=", "=ZZ=4"),
        ("=?utf-8?Q?a=0D=0ABcc:_x?=", "a Bcc: x"),
        ("=?utf-8?B?!!!?=", ""),
    ],
)
def test_encoded_words(text: str, expected: str) -> None:
    assert words.decode(text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text/plain", ("text", "plain", {})),
        ("TEXT/HTML; Charset=UTF-8", ("text", "html", {"charset": "UTF-8"})),
        ('text/plain; charset="utf-8"; format=flowed', ("text", "plain", {"charset": "utf-8", "format": "flowed"})),
        ("text/plain; charset=us-ascii (Plain text)", ("text", "plain", {"charset": "us-ascii"})),
        ('multipart/mixed; boundary="a;b\\"c"', ("multipart", "mixed", {"boundary": 'a;b"c'})),
        ("multipart/mixed;boundary=open ; ", ("multipart", "mixed", {"boundary": "open"})),
        ('multipart/mixed; boundary="never closed', ("multipart", "mixed", {"boundary": "never closed"})),
        ("text/plain charset=utf-8", ("text", "plain", {"charset": "utf-8"})),
        ("text/plain; charset = utf-8", ("text", "plain", {"charset": "utf-8"})),
        ("application/pdf; name=my file.pdf", ("application", "pdf", {"name": "my file.pdf"})),
        ("application/pdf; name=foo(1).pdf", ("application", "pdf", {"name": "foo(1).pdf"})),
        ("a/b; x=1; X=2", ("a", "b", {"x": "1"})),
        ("text", ("", "", {})),
        ("", ("", "", {})),
        ("; charset=x", ("", "", {"charset": "x"})),
        ('a/b; name="=?utf-8?q?=C3=A9.txt?="', ("a", "b", {"name": "é.txt"})),
        ("a/b; name*=utf-8''%C3%A9.txt", ("a", "b", {"name": "é.txt"})),
        ("a/b; name*=''%41", ("a", "b", {"name": "A"})),
        ("a/b; name*0=ab; name*1=cd", ("a", "b", {"name": "abcd"})),
        ("a/b; name*1=cd; name*0=ab", ("a", "b", {"name": "abcd"})),
        ("a/b; name*0*=iso-8859-1'fr'%E9; name*1=t; name*2*=%E9", ("a", "b", {"name": "été"})),
        ("a/b; name=plain; name*=utf-8''%C3%A9", ("a", "b", {"name": "é"})),
        ("a/b; name*0*=utf-8''%C3; name*1*=%A9", ("a", "b", {"name": "é"})),
        ("a/b; name*=broken%", ("a", "b", {"name": "broken%"})),
    ],
)
def test_content_type(value: str, expected: tuple[str, str, dict[str, str]]) -> None:
    assert parse_content_type(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("attachment; filename=a.txt", ("attachment", {"filename": "a.txt"})),
        ("INLINE", ("inline", {})),
        ('attachment; filename="C:\\dir\\a.txt"', ("attachment", {"filename": "C:\\dir\\a.txt"})),
        ("filename=a.txt", ("", {"filename": "a.txt"})),
        ('"attachment"; filename=a', ("attachment", {"filename": "a"})),
    ],
)
def test_disposition(value: str, expected: tuple[str, dict[str, str]]) -> None:
    assert parse_disposition(value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ann@example.org", [Mailbox("", "ann", "example.org")]),
        ("<ann@example.org>", [Mailbox("", "ann", "example.org")]),
        ("Ann Lee <ann@example.org>", [Mailbox("Ann Lee", "ann", "example.org")]),
        ('"Lee, Ann" <ann@example.org>', [Mailbox("Lee, Ann", "ann", "example.org")]),
        ('"A \\"B\\" C" <a@b.example>', [Mailbox('A "B" C', "a", "b.example")]),
        ("ann@example.org (Ann Lee)", [Mailbox("Ann Lee", "ann", "example.org")]),
        ("ann@example.org (Ann (the) Lee)", [Mailbox("Ann (the) Lee", "ann", "example.org")]),
        ("a@x.example, B <b@x.example>", [Mailbox("", "a", "x.example"), Mailbox("B", "b", "x.example")]),
        ("team: a@x.example, b@x.example;", [GroupStart("team"), Mailbox("", "a", "x.example"), Mailbox("", "b", "x.example"), GroupEnd()]),
        ("undisclosed-recipients:;", [GroupStart("undisclosed-recipients"), GroupEnd()]),
        ("team: a@x.example", [GroupStart("team"), Mailbox("", "a", "x.example"), GroupEnd()]),
        ('"odd local"@x.example', [Mailbox("", "odd local", "x.example")]),
        ('"a@b"@x.example', [Mailbox("", "a@b", "x.example")]),
        ("<@r1.example,@r2.example:u@x.example>", [Mailbox("", "u", "x.example", "@r1.example,@r2.example")]),
        ("=?utf-8?q?J=C3=B6rg?= <j@x.example>", [Mailbox("Jörg", "j", "x.example")]),
        ('"=?utf-8?q?J=C3=B6rg?=" <j@x.example>', [Mailbox("Jörg", "j", "x.example")]),
        ("Ann Lee ann@x.example", [Mailbox("Ann Lee", "ann", "x.example")]),
        ("Lee, Ann <a@x.example>", [Mailbox("", "Lee", ""), Mailbox("Ann", "a", "x.example")]),
        ("a@x.example, , b@x.example,", [Mailbox("", "a", "x.example"), Mailbox("", "b", "x.example")]),
        ("u@[192.0.2.1]", [Mailbox("", "u", "[192.0.2.1]")]),
        ("Ann <ann@x.example", [Mailbox("Ann", "ann", "x.example")]),
        ("root", [Mailbox("", "root", "")]),
        ("ann @ x.example", [Mailbox("", "ann", "x.example")]),
        ("Foo <>", [Mailbox("Foo", "", "")]),
        ("", []),
        ("<>", []),
        ("Ann O'Hara-Lee Jr. <a.b+c@x.example>", [Mailbox("Ann O'Hara-Lee Jr.", "a.b+c", "x.example")]),
        ("Ann (home <ann@x.example>", [Mailbox("Ann (home", "ann", "x.example")]),
        ('"Ann <ann@x.example>', [Mailbox("Ann", "ann", "x.example")]),
        ("Bo [work] <b@x.example>", [Mailbox("Bo [work]", "b", "x.example")]),
    ],
)
def test_addresses(text: str, expected: list[addresses.Entry]) -> None:
    assert addresses.parse(text) == expected


def test_address_is_quoted_where_it_must_be() -> None:
    for text in ('"odd local"@x.example', '"a\\"b"@x.example', "ann@x.example"):
        (found,) = addresses.list_mailboxes(text)
        assert found.address == text


@pytest.mark.parametrize(
    ("data", "charset", "expected"),
    [
        (b"abc", None, "abc"),
        ("é".encode(), None, "é"),
        (b"\xe9", None, "é"),
        (b"\xe9", "utf-8", "é"),
        (b"caf\xc3\xa9 \xff and much more text", "utf-8", "café \ufffd and much more text"),
        (b"\x93x\x94", "iso-8859-1", "“x”"),
        (b"\xe9", "unknown-8bit", "é"),
        (b"\xe9", "x-user-defined", "é"),
        (b"\xc4\xe3", "GB2312", "你"),
        (b"\x81\x30\x81\x30", "gbk", "\x80"),
        (b"\x82\xa0", "shift-jis", "あ"),
        (b"\xd0\xcf", "koi8-r", "по"),
        (b"\xef\xf0\xe8", "windows-1251", "при"),
        (b"\xef", "cp-1251", "ï"),
        (b"+AOk-", "utf-7", "é"),
        (b"+2AA-", "utf-7", "\ufffd"),
        (b"\\u0041", "unicode_escape", "\\u0041"),
        (b"uryyb", "rot13", "uryyb"),
        (b"6869", "hex", "6869"),
        (b"abc", "punycode", "abc"),
        (b"abc", "a" * 500, "abc"),
        (b"abc", "\0..//\xff", "abc"),
        (b"\xa4", "iso-8859-15", "€"),
    ],
)
def test_charsets(data: bytes, charset: str | None, expected: str) -> None:
    assert charsets.decode(data, charset) == expected


@pytest.mark.parametrize(
    ("subject", "base"),
    [
        ("lunch", "lunch"),
        ("Re: lunch", "lunch"),
        ("RE: Fwd: FW: lunch", "lunch"),
        ("Re [3]: lunch", "lunch"),
        ("Re[2]: lunch", "lunch"),
        ("[list] Re: [list] lunch", "lunch"),
        ("[list] lunch", "lunch"),
        ("[only]", "[only]"),
        ("Re: [only]", "[only]"),
        ("lunch (fwd)", "lunch"),
        ("lunch (fwd) (FWD) ", "lunch"),
        ("[Fwd: lunch]", "lunch"),
        ("[fwd: Re: lunch (fwd)]", "lunch"),
        ("  two   blanks ", "two blanks"),
        ("Re: ", ""),
        ("", ""),
        ("regarding: lunch", "regarding: lunch"),
        ("Re : lunch", "lunch"),
        ("[a][b] lunch", "lunch"),
    ],
)
def test_base_subject(subject: str, base: str) -> None:
    assert base_subject(subject) == base


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("Mon, 02 Mar 2026 09:30:00 +0100", 1772440200),
        ("2 Mar 2026 08:30:00 GMT", 1772440200),
        ("Mon, 2 Mar 2026 08:30 +0000 (UTC)", 1772440200),
        ("Mon, 02 Mar 26 08:30:00 UT", 1772440200),
        ("Mon Mar  2 08:30:00 2026", 1772440200),
        ("Mon, 02 Mar 0126 09:30:00 +0100", 1772440200),
        ("yesterday", None),
        ("", None),
        (None, None),
        ("Mon, 99 Mar 2026 09:30:00 +0100", None),
        ("Mon, 02 Mar 99999999999999 09:30:00 +0100", None),
        ("1 Jan 1950 00:00:00 +0000", None),
    ],
)
def test_dates(value: str | None, seconds: int | None) -> None:
    assert parse_date(value) == seconds


@pytest.mark.parametrize(
    "hostile",
    [
        "(" * 100_000,
        '"' * 100_001,
        "[" * 100_000,
        "<" * 100_000,
        "a@" * 100_000,
        ";" * 100_000,
        " " * 100_000 + "x",
        "=?" * 100_000,
        "=?a?q?" * 50_000,
        "; a" * 35_000,
        ";a*0*=x" * 30_000,
        "[a]" * 35_000,
        "\\" * 100_000,
        '"<' + '\\"' * 50_000,
        "re:" * 35_000,
    ],
)
def test_hostile_values_are_read_in_one_pass(hostile: str) -> None:
    # Quadratic work on these would not end while the suite runs; nothing here may raise either.
    mailboxes = addresses.parse(hostile)
    assert len(mailboxes) <= addresses.MAX_ADDRESSES + 1
    assert len(parse_content_type(hostile)[2]) <= MAX_PARAMETERS
    assert len(parse_disposition(hostile)[1]) <= MAX_PARAMETERS
    assert len(words.decode(hostile)) <= len(hostile)
    assert len(base_subject(hostile)) <= 1_000

"""The header a proxy sends, read from octets: what is right, what is wrong, what is not finished, what is hostile."""

import ipaddress
import struct

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailcore.kernel.proxy_header import MAX_HEADER, MAX_LINE, BadProxyHeader, ProxyHeader, read_header

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


def binary(block: bytes, *, command: int = 0x21, family: int = 0x11, length: int | None = None) -> bytes:
    return SIGNATURE + bytes([command, family]) + struct.pack("!H", len(block) if length is None else length) + block


def four(client: str = "192.0.2.7") -> bytes:
    return ipaddress.ip_address(client).packed + bytes([10, 0, 0, 1]) + struct.pack("!HH", 4711, 25)


def six(client: str) -> bytes:
    return ipaddress.ip_address(client).packed + bytes(16) + struct.pack("!HH", 4711, 25)


RIGHT = [
    (b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 25\r\n", "192.0.2.7"),
    (b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255"),
    (b"PROXY TCP6 2001:db8::7 ::1 0 993\r\n", "2001:db8::7"),
    (b"PROXY TCP6 ::ffff:192.0.2.7 ::1 1 993\r\n", "192.0.2.7"),
    (b"PROXY UNKNOWN\r\n", ""),
    (b"PROXY UNKNOWN ffff:f...f:ffff whatever 65535 65535\r\n", ""),
    (binary(four()), "192.0.2.7"),
    (binary(four() + b"\x04\x00\x05hello"), "192.0.2.7"),
    (binary(six("2001:db8::9"), family=0x21), "2001:db8::9"),
    (binary(six("::ffff:192.0.2.9"), family=0x21), "192.0.2.9"),
    (binary(b"", command=0x20, family=0), ""),
    (binary(b"\x00\x01", command=0x20, family=0xFF), ""),
    (binary(b"", family=0), ""),
    (binary(bytes(216), family=0x31), ""),
    (binary(four(), family=0x12), ""),
    (binary(bytes(MAX_HEADER - 16)), "0.0.0.0"),
]

WRONG = [
    b"EHLO there\r\n",
    b"\x16\x03\x01\x02\x00\x01",
    b"PROXY\r\n",
    b"proxy TCP4 192.0.2.7 10.0.0.1 4711 25\r\n",
    b"PROXY  TCP4 192.0.2.7 10.0.0.1 4711 25\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 4711\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 25 \r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 25\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 25\rX",
    b"PROXY TCP4 192.0.2.256 10.0.0.1 4711 25\r\n",
    b"PROXY TCP4 ::1 ::1 4711 25\r\n",
    b"PROXY TCP6 192.0.2.7 10.0.0.1 4711 25\r\n",
    b"PROXY TCP6 fe80::1%eth0 ::1 4711 25\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 65536 25\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 -1 25\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 025 25\r\n",
    "PROXY TCP4 192.0.2.7 10.0.0.1 ٢٥ 25\r\n".encode(),
    b"PROXY UNKNOWNS\r\n",
    b"PROXY UNKNOWN " + b"x" * 200 + b"\r\n",
    binary(four(), command=0x11),
    binary(four(), command=0x22),
    binary(four(), family=0x41),
    binary(four(), family=0x13),
    binary(four()[:-1]),
    binary(four(), family=0x21),
    binary(bytes(12), family=0x31),
    binary(b"", length=MAX_HEADER - 15),
    binary(b"", command=0x20, length=65_535),
]


@pytest.mark.parametrize(("header", "client"), RIGHT)
def test_a_header_ends_where_it_ends(header: bytes, client: str) -> None:
    for behind in (b"", b"\r\n", b"EHLO there\r\n", header):
        assert read_header(header + behind) == ProxyHeader(client, len(header))
    assert all(read_header(header[:end]) is None for end in range(len(header)))


@pytest.mark.parametrize("data", WRONG)
def test_what_is_none_is_known_as_such(data: bytes) -> None:
    with pytest.raises(BadProxyHeader):
        read_header(data)


def test_the_longest_line_is_taken_and_one_octet_more_is_not() -> None:
    longest = b"PROXY UNKNOWN " + b"x" * (MAX_LINE - 16) + b"\r\n"
    assert len(longest) == MAX_LINE and read_header(longest) == ProxyHeader("", MAX_LINE)
    assert read_header(longest[:-1]) is None
    with pytest.raises(BadProxyHeader):
        read_header(longest[:-2] + b"x\r\n")


@settings(max_examples=100)
@given(st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", b"PROXY TCP6 ::", SIGNATURE, SIGNATURE + b"\x21\x11"]), st.binary(max_size=300))
@example(SIGNATURE, b"\x21\x11\xff\xff")
def test_whatever_comes_is_judged_and_never_waited_for_without_end(start: bytes, rest: bytes) -> None:
    data = start + rest
    try:
        found = read_header(data)
    except BadProxyHeader:
        return
    if found is None:
        # What could still become one is bounded: filled up to the bound, it is one or it is none.
        try:
            assert read_header(data.ljust(MAX_HEADER, b"\x00")) is not None
        except BadProxyHeader:
            return
    else:
        assert 0 < found.length <= min(len(data), MAX_HEADER)
        assert found.client == "" or str(ipaddress.ip_address(found.client)) == found.client


@settings(max_examples=60)
@given(st.ip_addresses(), st.integers(0, 65_535), st.binary(max_size=40), st.booleans())
def test_every_address_comes_through_both_versions(client: ipaddress.IPv4Address, port: int, behind: bytes, is_line: bool) -> None:
    family = "TCP4" if client.version == 4 else "TCP6"
    if is_line:
        header = f"PROXY {family} {client} {client} {port} 25\r\n".encode()
    else:
        header = binary(client.packed * 2 + struct.pack("!HH", port, 25), family=0x11 if client.version == 4 else 0x21)
    found = read_header(header + behind)
    assert found is not None and found.length == len(header)
    assert ipaddress.ip_address(found.client) == (getattr(client, "ipv4_mapped", None) or client)

"""What a proxy in front says of its client before the first octet of it: the PROXY protocol, versions 1 and 2.

Octets in, one header out; nothing here waits or reads. Both versions begin with something no mail
client ever says first, so a wrong beginning is known from its first wrong octet.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

MAX_LINE = 107
"""Octets of the longest line of version 1, its end included."""
MAX_HEADER = 4_096
"""Octets of a version 2 header that are taken: 16, addresses (36 at most that count) and room for what we do not read."""

_LINE = b"PROXY "
_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_FIXED = 16
_LOCAL, _PROXY = 0, 1
_ADDRESSES = {0x11: 4, 0x21: 16}
"""Octets of one address, by family and transport: TCP over IPv4, TCP over IPv6."""
_BLOCKS = {0: 0, 1: 12, 2: 36, 3: 216}
"""Octets of all addresses, by family: none, IPv4, IPv6, a socket in the file system."""
_STREAMS_AND_DATAGRAMS = 2


class BadProxyHeader(Exception):
    """What came is no header; the text says why, for the log."""


@dataclass(frozen=True, slots=True)
class ProxyHeader:
    client: str
    """The address; "" where the proxy speaks for itself or does not know, and the socket's own address stands."""
    length: int
    """Octets of the header; what follows them is the client's."""


def read_header(data: bytes) -> ProxyHeader | None:
    """The header at the start of `data`; None while more of it is needed, which is never beyond MAX_HEADER octets.

    Raises BadProxyHeader as soon as nothing that follows could mend it.
    """
    if data.startswith(_SIGNATURE[: len(data)]):
        return _read_binary(data) if len(data) >= _FIXED else None
    if data.startswith(_LINE[: len(data)]):
        return _read_line(data) if len(data) > len(_LINE) else None
    raise BadProxyHeader("no header of the PROXY protocol")


def _read_line(data: bytes) -> ProxyHeader | None:
    head = data[:MAX_LINE]
    end = head.find(b"\r\n")
    if end < 0:
        if len(head) == MAX_LINE:
            raise BadProxyHeader(f"a line longer than {MAX_LINE} octets")
        if b"\n" in head or b"\r" in head[:-1]:
            raise BadProxyHeader("a line without its end")
        return None
    line, length = head[len(_LINE) : end], end + 2
    if line == b"UNKNOWN" or line.startswith(b"UNKNOWN "):
        return ProxyHeader("", length)
    words = line.split(b" ")
    if len(words) != 5 or words[0] not in (b"TCP4", b"TCP6"):
        raise BadProxyHeader("a line that is not a protocol, two addresses and two ports")
    for port in words[3:]:
        _check_port(port)
    client, _ours = (_read_address(word, words[0]) for word in words[1:3])
    return ProxyHeader(_name(client), length)


def _read_address(word: bytes, family: bytes) -> IPv4Address | IPv6Address:
    try:
        text = word.decode("ascii")
        if family == b"TCP4":
            return IPv4Address(text)
        if "%" not in text:
            return IPv6Address(text)
    except ValueError:
        pass
    raise BadProxyHeader(f"an address that is none of {family.decode('ascii')}")


def _check_port(word: bytes) -> None:
    if not word.isdigit() or len(word) > 5 or int(word) > 65_535 or (len(word) > 1 and word.startswith(b"0")):
        raise BadProxyHeader("a port that is not 0 to 65535")


def _read_binary(data: bytes) -> ProxyHeader | None:
    version, command, family, transport = data[12] >> 4, data[12] & 15, data[13] >> 4, data[13] & 15
    if version != 2 or command not in (_LOCAL, _PROXY):
        raise BadProxyHeader("a version or command that is not known")
    length = _FIXED + int.from_bytes(data[14:16])
    if length > MAX_HEADER:
        raise BadProxyHeader(f"a header longer than {MAX_HEADER} octets")
    if command == _PROXY:
        if family not in _BLOCKS or transport > _STREAMS_AND_DATAGRAMS:
            raise BadProxyHeader("a family or transport that is not known")
        if length < _FIXED + _BLOCKS[family]:
            raise BadProxyHeader("a header shorter than its addresses")
    if len(data) < length:
        return None
    # A proxy that looks whether we live speaks for itself; what it says of addresses is not to be read.
    size = _ADDRESSES.get(data[13], 0) if command == _PROXY else 0
    if not size:
        return ProxyHeader("", length)
    packed = data[_FIXED : _FIXED + size]
    return ProxyHeader(_name(IPv4Address(packed) if size == 4 else IPv6Address(packed)), length)


def _name(client: IPv4Address | IPv6Address) -> str:
    """As the socket would name it: an IPv4 address in the disguise of IPv6 is shown as what it is."""
    inner = client.ipv4_mapped if isinstance(client, IPv6Address) else None
    return str(inner or client)

"""Addresses of peers, and the networks they are in."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = ip_network("64:ff9b::/96")
"""RFC 6052 §2.1."""


@lru_cache(maxsize=4_096)
def is_within(peer: str, networks: tuple[str, ...]) -> bool:
    """Whether a peer is in one of the networks; an IPv4 peer also where it is written as IPv6. What is no address is in none."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in _read(networks))


def is_public(address: Address) -> bool:
    """Whether an address is out on the Internet, also behind the disguises an IPv4 address can wear in IPv6."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved and not address.is_unspecified


@lru_cache(maxsize=256)
def _read(networks: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(text, strict=False) for text in networks)

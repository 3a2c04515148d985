"""Addresses as peers write them: multiaddrs that end in the peer's name, read without a library.

Whatever a stranger tells is checked here before it is kept or dialled, so that nobody can send us
to our own machine or into a private network that he is not in himself.
"""

import ipaddress
from typing import Final, NamedTuple

from p2p.transport import PeerId
from p2p.wire import ADDRESS_BYTES_MAX

PEER_NAME_BYTES_MAX: Final = 64  # an Ed25519 name has 52 characters, the longest of RSA 46
_NAME_CHARACTERS: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
)


class Endpoint(NamedTuple):
    """Where somebody listens: ``host`` is an IP address or a DNS name."""

    kind: str
    host: str
    port: int
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address | None


class Address(NamedTuple):
    """A peer's place: ``host`` is an IP address, a DNS name, or a name in a memory network."""

    text: str
    peer: PeerId
    host: str
    port: int | None
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address | None


def parse_address(text: str) -> Address | None:
    """``/ip4|ip6|dns4|dns6|dns/HOST/tcp/PORT/p2p/PEER`` or ``/memory/PEER``; None else."""
    match text.split("/"):
        case ["", "memory", name] if _is_name(name):
            return Address(text, PeerId(name), name, None, None)
        case [*front, "p2p", name] if _is_name(name) and len(text) <= ADDRESS_BYTES_MAX:
            endpoint = parse_endpoint("/".join(front))
            if endpoint is None or not endpoint.port:
                return None
            return Address(text, PeerId(name), endpoint.host, endpoint.port, endpoint.ip)
    return None


def parse_endpoint(text: str) -> Endpoint | None:
    """``/ip4|ip6|dns4|dns6|dns/HOST/tcp/PORT``; None else. Port 0 is any that is free."""
    if not text.isascii() or len(text) > ADDRESS_BYTES_MAX:
        return None
    match text.split("/"):
        case ["", kind, host, "tcp", port] if port.isdigit() and int(port[:6]) < 65_536:
            if kind not in ("dns", "dns4", "dns6"):
                return _parse_ip_endpoint(kind, host, int(port))
            if _is_name(host.replace(".", "-"), ADDRESS_BYTES_MAX):
                return Endpoint(kind, host, int(port), None)
    return None


def check_endpoint(text: str) -> Endpoint:
    """Where an operator wants to listen or be reached. Raises ValueError with a sentence."""
    endpoint = parse_endpoint(text)
    if endpoint is None:
        raise ValueError(f"{text!r} is not an address like /ip4/203.0.113.7/tcp/4510")
    return endpoint


def _parse_ip_endpoint(kind: str, host: str, port: int) -> Endpoint | None:
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return None
    if (kind, ip.version) not in (("ip4", 4), ("ip6", 6)) or str(ip) != host:
        return None
    return Endpoint(kind, host, port, ip)


def _is_name(name: str, limit: int = PEER_NAME_BYTES_MAX) -> bool:
    return 0 < len(name) <= limit and _NAME_CHARACTERS.issuperset(name)


def get_host(text: str) -> str:
    """The host of an address with or without a peer's name; the whole text when it is odd."""
    parts = text.split("/")
    return parts[2] if len(parts) > 2 else text


def accept_claim(text: str, *, told_by: PeerId, seen_at: str, own_only: bool) -> Address | None:
    """An address that a peer seen at ``seen_at`` tells us, made usable, or None.

    A listener on all interfaces tells 0.0.0.0: its host is the one we see it at. A private or
    loopback address is believed only from somebody who is in such a place himself. ``own_only``:
    the address must be the teller's own.
    """
    address = parse_address(text)
    if address is None or (own_only and address.peer != told_by):
        return None
    if address.ip is not None and address.ip.is_unspecified and address.peer == told_by:
        parts = text.split("/")
        parts[1:3] = seen_at.split("/")[1:3]
        address = parse_address("/".join(parts))
    if address is None or address.ip is None:
        # Names of hosts are for operators to configure, not for strangers to tell.
        return address if text.startswith("/memory/") else None
    ip = address.ip
    if ip.is_multicast or ip.is_unspecified or ip.is_link_local:
        return None
    return address if ip.is_global or _is_inside(seen_at, loopback=ip.is_loopback) else None


def _is_inside(seen_at: str, *, loopback: bool) -> bool:
    """Whether an observed address is on this machine, or at least not on the open Internet."""
    try:
        ip = ipaddress.ip_address(get_host(seen_at))
    except ValueError:
        return False
    return ip.is_loopback if loopback else not ip.is_global

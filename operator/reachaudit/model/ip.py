"""Addresses and blocks of addresses, read as the API server reads them (NP-33).

Go's legacy parser takes leading zeros as nothing, masks host bits away, and holds an IPv4-mapped
IPv6 address for IPv4. Python's `ipaddress` does none of the three: it gets addresses without zeros.
The text is anybody's: the work is linear in its length.
"""

import ipaddress
import string
from typing import Literal, NamedTuple

Family = Literal["IPv4", "IPv6"]
FAMILIES: tuple[Family, Family] = ("IPv4", "IPv6")
BITS: dict[Family, int] = {"IPv4": 32, "IPv6": 128}

UNPLACED = -1
"""The value of an address that is not known yet, as of a pod that only a file describes."""

_MAPPED = 0xFFFF << 32
_HEX = frozenset(string.hexdigits)
_DIGITS = frozenset(string.digits)


class Address(NamedTuple):
    """One IP address: its family and its value as an integer, or UNPLACED."""

    family: Family
    value: int

    @property
    def placed(self) -> bool:
        """Whether it is known which address it is."""
        return self.value != UNPLACED

    def __str__(self) -> str:
        """Canonical text."""
        if not self.placed:
            return f"some {self.family} address"
        if self.family == "IPv4":
            return str(ipaddress.IPv4Address(self.value))
        return str(ipaddress.IPv6Address(self.value))


class Block(NamedTuple):
    """A run of addresses of one family, first and last included."""

    family: Family
    first: int
    last: int

    def __str__(self) -> str:
        """CIDR text where the run is one CIDR, else `first-last`."""
        size = self.last - self.first + 1
        if size & (size - 1) == 0 and self.first % size == 0:
            return f"{Address(self.family, self.first)}/{BITS[self.family] - size.bit_length() + 1}"
        return f"{Address(self.family, self.first)}-{Address(self.family, self.last)}"

    def holds(self, address: Address) -> bool:
        """Whether an address lies inside; families never cross (NP-27)."""
        return address.family == self.family and self.first <= address.value <= self.last


def everything(family: Family) -> Block:
    """All addresses of a family: 0.0.0.0/0 or ::/0."""
    return Block(family, 0, (1 << BITS[family]) - 1)


def single(address: Address) -> Block:
    """The block that holds one address only."""
    return Block(address.family, address.value, address.value)


def parse_address(text: str) -> Address | None:
    """Read an address as the API server does; None where it is none."""
    plain = _without_zeros_v6(text) if ":" in text else _without_zeros_v4(text)
    try:
        parsed = ipaddress.ip_address(plain)
    except ValueError:
        return None
    value = int(parsed)
    if parsed.version == 4:
        return Address("IPv4", value)
    if value >> 32 == 0xFFFF:
        return Address("IPv4", value & 0xFFFFFFFF)
    return Address("IPv6", value)


def _without_zeros_v4(text: str) -> str:
    parts = text.split(".")
    return ".".join(part.lstrip("0") or "0" if part else "" for part in parts)


def _without_zeros_v6(text: str) -> str:
    """Each group without its zeros; "" where one is not hexadecimal, as with a zone."""
    *groups, last = text.split(":")
    if "." in last:
        last = _without_zeros_v4(last)
    else:
        groups, last = [*groups, last], ""
    if not all(_HEX.issuperset(group) for group in groups):
        return ""
    plain = [group.lstrip("0") or "0" if group else "" for group in groups]
    return ":".join([*plain, last] if last else plain)


def special(address: Address) -> str:
    """Why an address can be no endpoint and no externalIP: the API refuses it (SVC-8, SVC-38)."""
    for why, blocks in _SPECIAL.items():
        if any(block.holds(address) for block in blocks):
            return why
    return ""


def parse_length(text: str) -> int | None:
    """The length of a CIDR's prefix, as Go reads a number; None where it is none, or too big."""
    digits = text.lstrip("0") or "0"
    if not text or len(digits) > 3 or not _DIGITS.issuperset(text):
        return None
    return int(digits)


def parse_block(text: str) -> Block | None:
    """Read a CIDR as the API server does; None where it is none."""
    head, _, tail = text.partition("/")
    address, length = parse_address(head), parse_length(tail)
    if address is None or length is None:
        return None
    family, value = address
    if family == "IPv4" and ":" in head:
        if 96 <= length <= 128:
            length -= 96
        else:
            family, value = "IPv6", value | _MAPPED
    bits = BITS[family]
    if length > bits:
        return None
    size = 1 << (bits - length)
    first = value & ~(size - 1)
    return Block(family, first, first + size - 1)


_SPECIAL = {
    why: [block for block in map(parse_block, cidrs) if block]
    for why, cidrs in {
        "unspecified": ("0.0.0.0/32", "::/128"),
        "a loopback address": ("127.0.0.0/8", "::1/128"),
        "a link-local address": ("169.254.0.0/16", "fe80::/10"),
        "a link-local multicast address": ("224.0.0.0/24", "ff02::/16"),
    }.items()
}

"""Addresses and blocks of addresses, read as the API server reads them (NP-33).

Go's legacy parser takes leading zeros as decimal, masks host bits away, and holds an IPv4-mapped
IPv6 address for IPv4. Python's `ipaddress` does none of the three, so only its formatting is used.
"""

import ipaddress
import re
from typing import Literal, NamedTuple

Family = Literal["IPv4", "IPv6"]
FAMILIES: tuple[Family, Family] = ("IPv4", "IPv6")
BITS: dict[Family, int] = {"IPv4": 32, "IPv6": 128}

_MAPPED = 0xFFFF << 32
_LEADING_ZEROS = re.compile(r"(?<![0-9a-fA-F:.])0+(?=\d+\.)|(?<=\.)0+(?=\d)")


class Address(NamedTuple):
    """One IP address: its family and its value as an integer."""

    family: Family
    value: int

    def __str__(self) -> str:
        """Canonical text."""
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
    try:
        parsed = ipaddress.ip_address(_LEADING_ZEROS.sub("", text))
    except ValueError:
        return None
    value = int(parsed)
    if parsed.version == 4:
        return Address("IPv4", value)
    if value >> 32 == 0xFFFF:
        return Address("IPv4", value & 0xFFFFFFFF)
    return Address("IPv6", value)


def parse_block(text: str) -> Block | None:
    """Read a CIDR as the API server does; None where it is none."""
    head, slash, tail = text.partition("/")
    address = parse_address(head)
    if address is None or not slash or not tail.isascii() or not tail.isdigit():
        return None
    length = int(tail)
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

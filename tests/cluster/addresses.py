"""Pools of addresses for pods and load balancers."""

from collections import deque
from collections.abc import Iterable
from ipaddress import IPv4Network


class AddressPool:
    """Hands out a network's addresses in turn, so that a freed one comes back as late as it can."""

    def __init__(self, cidr: str, first: int) -> None:
        self._cidr = cidr
        self._ring = deque(str(address) for address in list(IPv4Network(cidr))[first:-1])
        self._used: set[str] = set()

    def reset(self, used: Iterable[str]) -> None:
        """Say which addresses are in use."""
        self._used = set(used)

    def take(self) -> str:
        """An address that is not in use."""
        for _ in range(len(self._ring)):
            address = self._ring[0]
            self._ring.rotate(-1)
            if address not in self._used:
                self._used.add(address)
                return address
        raise LookupError(f"no address of {self._cidr} is left")

    def free(self, address: str) -> None:
        """Take an address back."""
        self._used.discard(address)

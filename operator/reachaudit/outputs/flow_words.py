"""Flows in words, as people read them: ports, verdict and path of one pair."""

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from reachaudit.model.facts import PROTOCOLS, Protocol
from reachaudit.model.ip import Family
from reachaudit.outputs.text import safe
from reachaudit.reach.listing.alike import Opening, Path, Ports
from reachaudit.reach.ports import ports_text
from reachaudit.reach.verdict import Outcome, Reason

_LAST = 65535
_ALL = (Ports(1, _LAST),)
PortsOf = Mapping[Protocol, tuple[Ports, ...]]


class Said(NamedTuple):
    """What is said of a pair in one line: `80/TCP, 443/TCP`, `IPv4`, the verdict with why it is not
    known, and the path: `Service shop/web NodePort 30080/TCP`, or "".
    """

    ports: str
    families: str
    outcome: Outcome
    reason: Reason | None
    path: str

    def __str__(self) -> str:
        """`80/TCP IPv4 UNKNOWN (no-address) by Service shop/web NodePort 30080/TCP`."""
        by = f"by {self.path}" if self.path else ""
        return " ".join(part for part in (self.what, by) if part)

    @property
    def what(self) -> str:
        """All but the path: nothing is said of a verdict that is ALLOW."""
        verdict = "" if self.outcome is Outcome.ALLOW else self.outcome.value
        reason = f"({self.reason.value})" if self.reason else ""
        return " ".join(part for part in (self.ports, self.families, verdict, reason) if part)


class _Fate(NamedTuple):
    path: Path | None
    outcome: Outcome
    reason: Reason | None


@lru_cache(maxsize=65536)
def said(openings: tuple[Opening, ...]) -> list[Said]:
    """A pair's openings, in as few lines as can be."""
    found: defaultdict[_Fate, defaultdict[Family, dict[Protocol, tuple[Ports, ...]]]]
    found = defaultdict(lambda: defaultdict(dict))
    for each in openings:
        fate = _Fate(each.path, each.outcome, each.reason)
        found[fate][each.family][each.protocol] = each.ports
    lines = []
    for fate, families in found.items():
        path = " → ".join(safe(f"{by} {at}") for by, at in fate.path or ())
        for words, own in by_families(families):
            lines.append(Said(words, own, fate.outcome, fate.reason, path))
    return lines


def by_families(families: Mapping[Family, PortsOf]) -> list[tuple[str, str]]:
    """Ports in words, with the families that they are of: `IPv4`, `IPv4, IPv6`."""
    alike: defaultdict[str, list[Family]] = defaultdict(list)
    for family, ports in families.items():
        alike[ports_words(ports)].append(family)
    return [(words, ", ".join(own)) for words, own in alike.items()]


def ports_words(ports: PortsOf) -> str:
    """`all ports`, `80/TCP, 8000-8100/TCP, all UDP`, `all ports but 443/TCP`."""
    here = [word for protocol, own in ports.items() for word in _words(protocol, own)]
    gone = [
        word
        for protocol in PROTOCOLS
        for word in _words(protocol, _others(ports.get(protocol, ())))
    ]
    if not gone:
        return "all ports"
    return f"all ports but {', '.join(gone)}" if len(gone) < len(here) else ", ".join(here)


def _others(ports: tuple[Ports, ...]) -> tuple[Ports, ...]:
    """The ports of a protocol that are none of these."""
    found, first = list[Ports](), 1
    for own in ports:
        if first < own.first:
            found.append(Ports(first, own.first - 1))
        first = own.last + 1
    return (*found, Ports(first, _LAST)) if first <= _LAST else tuple(found)


def _words(protocol: Protocol, ports: tuple[Ports, ...]) -> list[str]:
    if ports == _ALL:
        return [f"all {protocol}"]
    return [f"{ports_text(first, last)}/{protocol}" for first, last in ports]

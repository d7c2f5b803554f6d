"""A truth table: who reaches whom on one port, read from its block and written back."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cases.apiobject import Key
from cases.terse import WorldError

if TYPE_CHECKING:
    from cases.world import World

CELLS = ".iex-%?"
PROTOCOLS = ("TCP", "UDP", "SCTP")
# Frontends: only a destination can be one.
FRONTENDS = ("svc", "nodeport", "lb", "externalip", "ing")


@dataclass(frozen=True)
class Table:
    """Rows are sources, columns destinations; `span` is the first and last line of the content."""

    port: int | None  # None for ICMP
    protocol: str
    family: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    span: tuple[int, int]

    @property
    def heading(self) -> str:
        port = self.protocol if self.port is None else f"{self.port}/{self.protocol}"
        return f"reach {port} {self.family}"

    @property
    def flows(self) -> frozenset[tuple[str, str]]:
        """The (source, destination) pairs that it shows."""
        return frozenset((row, column) for row in self.rows for column in self.columns)


def read_heading(words: list[str]) -> tuple[int | None, str, str]:
    """Read what follows `reach`: port and protocol, then perhaps a family."""
    match = re.fullmatch(r"(?:(\d+)/(TCP|UDP|SCTP)|(ICMP))(?: (v4|v6))?", " ".join(words))
    if not match:
        raise WorldError(
            f"reach {' '.join(words)}: write reach PORT/PROTOCOL or ICMP, then v4 or v6"
        )
    number, protocol, icmp, family = match.groups()
    port = None if icmp else int(number)
    if port is not None and not 1 <= port <= 65535:
        raise WorldError(f"reach {number}: a port is 1 to 65535")
    return port, protocol or icmp, family or "v4"


def read_table(words: list[str], lines: list[str], first_line: int) -> Table:
    """Read a `reach` block; the world is asked about its names by `check_axes`."""
    port, protocol, family = read_heading(words)
    if len(lines) < 2:
        raise WorldError("a table has a line of destinations and a line for each source")
    columns = tuple(lines[0].split())
    body = [line.split() for line in lines[1:]]
    for number, row in enumerate(body, 2):
        if len(row) != len(columns) + 1:
            raise WorldError(
                f"row {number}: a name and {len(columns)} cells are wanted: {' '.join(row)!r}"
            )
        for cell in row[1:]:
            if cell not in tuple(CELLS):
                raise WorldError(f"row {row[0]}: cell {cell!r} is none of {' '.join(CELLS)}")
    rows = tuple(row[0] for row in body)
    for axis in (rows, columns):
        if len(set(axis)) < len(axis):
            raise WorldError(f"a name stands twice on an axis: {' '.join(axis)}")
    cells = tuple(tuple(row[1:]) for row in body)
    return Table(port, protocol, family, rows, columns, cells, (first_line, first_line + len(body)))


def render(table: Table) -> list[str]:
    """Write the table's content, one line for each line that was read."""
    left = max(len(row) for row in table.rows) + 2
    widths = [len(column) + 2 for column in table.columns]
    grid = [("", table.columns), *zip(table.rows, table.cells, strict=True)]
    return [
        (
            head.ljust(left) + "".join(c.ljust(w) for c, w in zip(cells, widths, strict=True))
        ).rstrip()
        for head, cells in grid
    ]


def check_axes(table: Table, world: World) -> None:
    """Refuse names that the world does not hold."""
    for row in table.rows:
        if row.partition(":")[0] in FRONTENDS:
            raise WorldError(f"{row}: a frontend is a destination, never a source")
        _check_name(row, table.family, world)
    for column in table.columns:
        _check_name(column, table.family, world)


def _check_name(name: str, family: str, world: World) -> None:
    prefix, _, rest = name.partition(":")
    address = rest if prefix == "externalip" else name
    keys = {
        "node": Key("Node", "", rest),
        "nodeport": Key("Node", "", rest),
        "svc": Key("Service", *_pair(rest)),
        "lb": Key("Service", *_pair(rest)),
    }
    if prefix == "ing":
        if not world.of_kind("Ingress"):
            raise WorldError(f"{name}: the world holds no Ingress")
    elif prefix in keys:
        if keys[prefix] not in world:
            raise WorldError(f"{name}: the world holds no {keys[prefix]}")
    elif _family(address) is not None:
        if _family(address) != family:
            raise WorldError(f"{name}: this is no {family} address, and the table is {family}")
    elif Key("Pod", *_pair(name)) not in world:
        raise WorldError(f"{name}: the world holds no such pod, nor is it an address")


def _pair(name: str) -> tuple[str, str]:
    namespace, _, rest = name.partition("/")
    return namespace, rest


def _family(name: str) -> str | None:
    try:
        return f"v{ipaddress.ip_network(name).version}"
    except ValueError:
        return None

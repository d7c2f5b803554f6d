"""What changed between two states as JSON: `docs/schemas/diff.v1.json` is its schema."""

from collections.abc import Iterable, Iterator, Sequence

from reachaudit.outputs.diff_text import count
from reachaudit.outputs.flow_json import changes_json, document
from reachaudit.reach.listing.peers import Peers
from reachaudit.reach.listing.shifts import Change, Changed

SCHEMA = "reachaudit.diff/v1"


def diff_json(
    peers: Peers, changed: Iterable[Changed], assumptions: Sequence[str], problems: Sequence[str]
) -> Iterator[str]:
    """`{"schema", "summary": {"gained": 2 …}, "changes": […], …}`, piece by piece."""
    found = list(changed)
    counts = count(found)
    head = {"summary": {change.value: counts[change] for change in Change}}
    return document(SCHEMA, head, "changes", changes_json(peers, found), assumptions, problems)

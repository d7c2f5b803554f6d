"""The flows of one end as JSON: `docs/schemas/who-can-reach.v1.json`, `reachable-from.v1.json`."""

from collections.abc import Iterator, Sequence

from reachaudit.outputs.flow_json import document, flows_json
from reachaudit.reach.listing.neighbours import Asked, Side

SCHEMAS: dict[Side, str] = {
    "sources": "reachaudit.who-can-reach/v1",
    "targets": "reachaudit.reachable-from/v1",
}


def neighbours_json(
    asked: Asked, assumptions: Sequence[str], problems: Sequence[str]
) -> Iterator[str]:
    """`{"schema", "of", "zones": {"internet": "ALLOW" …}, "flows": […], …}`, piece by piece."""
    zones = {place: outcome and outcome.value for place, outcome in asked.zones.items()}
    head = {"of": asked.name, "zones": zones}
    flows = flows_json(asked.peers, asked.found)
    return document(SCHEMAS[asked.side], head, "flows", flows, assumptions, problems)

"""Label selectors on labels, and answers of three values (M-2): a part of the naive oracle."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

from cases.apiobject import Json, Object, items, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Answer: TypeAlias = Literal["ALLOW", "DENY", "UNKNOWN"]


def any_of(answers: Iterable[Answer]) -> Answer:
    """Give the answer of alternatives."""
    found = set(answers)
    return "ALLOW" if "ALLOW" in found else "UNKNOWN" if "UNKNOWN" in found else "DENY"


def all_of(answers: Iterable[Answer]) -> Answer:
    """Give the answer of what must all hold."""
    found = set(answers)
    return "DENY" if "DENY" in found else "UNKNOWN" if "UNKNOWN" in found else "ALLOW"


def matches(selector: Object, labels: Mapping[str, str], *, complete: bool) -> Answer:
    """Match a label selector; where labels are not complete, a missing key is unknown (NP-20)."""
    equal = mapping(selector.get("matchLabels")).items()
    written = [mapping(item) for item in items(selector.get("matchExpressions"))]
    wanted: list[tuple[str, str, list[Json]]] = [(key, "In", [value]) for key, value in equal]
    wanted += [
        (text(w.get("key")), text(w.get("operator")), items(w.get("values"))) for w in written
    ]
    if not all(_valid_requirement(*requirement) for requirement in wanted):
        return "DENY"  # NP-24, NP-58
    answers = [_fits(labels.get(key), operator, values) for key, operator, values in wanted]
    unsure = [key not in labels and not complete for key, _, _ in wanted]
    return all_of("UNKNOWN" if u else a for u, a in zip(unsure, answers, strict=True))  # NP-22


def _fits(value: str | None, operator: str, values: list[Json]) -> Answer:
    fits = {
        "In": value is not None and value in values,
        "NotIn": value is None or value not in values,  # NP-23
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }
    return "ALLOW" if fits[operator] else "DENY"


def _valid_requirement(key: str, operator: str, values: list[Json]) -> bool:
    name = r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)"
    if not re.fullmatch(rf"([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?{name}", key):
        return False
    if not all(isinstance(value, str) and re.fullmatch(f"{name}?", value) for value in values):
        return False
    return operator in (("In", "NotIn") if values else ("Exists", "DoesNotExist"))  # NP-24

"""Owners for random pods: several of them then make up a workload."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from hypothesis import strategies as st

from reachaudit.model.facts import Fact, Owner, Pod

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_OWNERS = st.sampled_from([None, Owner("ReplicaSet", "r1"), Owner("Job", "j1")])


def owned(
    draw: Callable[[st.SearchStrategy[Owner | None]], Owner | None], facts: Iterable[Fact]
) -> list[Fact]:
    """Give some pods owners."""
    return [
        msgspec.structs.replace(fact, owner=draw(_OWNERS)) if isinstance(fact, Pod) else fact
        for fact in facts
    ]

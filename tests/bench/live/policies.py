"""Policies that are changed by the API, and when the verdict of each is there."""

import time
from collections.abc import Iterable, Iterator
from random import Random
from typing import NamedTuple

from bench.edits import Edit
from bench.live.follower import Follower, Object, Round
from bench.objects import kind_of, object_of
from cluster.api import Api
from reachaudit.model.kinds import NETWORK_POLICY
from reachaudit.model.store import Change

_PAUSE_SECONDS = (0.05, 0.25)


class Verdict(NamedTuple):
    """One change: seconds from the request to the verdict as seen from outside, and as the operator
    counts them, from its arrival; the flows that it changed.
    """

    kind: str
    outside: float
    own: float
    flows: int


def verdicts(api: Api, follower: Follower, edits: Iterable[Edit], seed: int) -> Iterator[Verdict]:
    """Make each edit and undo it: both are changes."""
    random = Random(f"{seed} pauses")
    for edit in edits:
        for changes in (edit.changes, edit.undo):
            (change,) = changes
            yield _verdict(api, follower, change, edit.kind)
            time.sleep(random.uniform(*_PAUSE_SECONDS))


def _verdict(api: Api, follower: Follower, change: Change, kind: str) -> Verdict:
    policy = Object(*change.ref)

    def tells(round_: Round) -> bool:
        return any(each.object == policy for each in round_.changed)

    since, began = follower.count, time.monotonic()
    _write(api, change)
    told, at = follower.wait(tells, since, str(change.ref))
    (own,) = (each.seconds for each in told.changed if each.object == policy)
    flows = told.gained.count + told.lost.count + told.unsure.count
    return Verdict(kind, at - began, own, flows)


def _write(api: Api, change: Change) -> None:
    ref, version = change.ref, NETWORK_POLICY.api_version
    if change.new is None:
        api.delete(version, ref.kind, ref.name, ref.namespace)
    elif change.old is None:
        api.create(object_of(change.new))
    else:
        path = api.path(kind_of(change.new).api_version, ref.kind, ref.namespace, ref.name)
        api.request("PUT", path, body=object_of(change.new))

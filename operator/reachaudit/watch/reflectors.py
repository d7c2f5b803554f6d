"""All reflectors together."""

import asyncio
from collections.abc import Mapping, Sequence

from reachaudit.kube.client import Client
from reachaudit.model.kinds import KINDS, Kind
from reachaudit.model.store import Store
from reachaudit.watch.reflector import Reflector
from reachaudit.watch.standins import Sink, StandIns
from reachaudit.watch.state import WatchState
from reachaudit.watch.unread import consequence


class Reflectors:
    """One reflector a kind. `synced` is set while each kind was listed, or may be done without."""

    def __init__(
        self, client: Client, store: Store, sink: Sink, kinds: Sequence[Kind] = KINDS
    ) -> None:
        self.synced = asyncio.Event()
        stand_ins = StandIns(store, sink)
        self._reflectors = {
            kind: Reflector(kind, client, store, stand_ins, self._note_turn) for kind in kinds
        }

    @property
    def states(self) -> Mapping[str, WatchState]:
        """Each kind's state, by the kind's name."""
        return {kind.name: reflector.state for kind, reflector in self._reflectors.items()}

    @property
    def missing(self) -> Sequence[Kind]:
        """The kinds that may not be read, and that no verdict can do without."""
        return [
            kind
            for kind, reflector in self._reflectors.items()
            if reflector.state.unread and consequence(kind) is None
        ]

    async def run(self) -> None:
        """Reflect until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for kind, reflector in self._reflectors.items():
                tasks.create_task(reflector.run(), name=f"reflector of {kind.name}")

    def _note_turn(self) -> None:
        if all(
            reflector.state.synced or (reflector.state.unread and consequence(kind))
            for kind, reflector in self._reflectors.items()
        ):
            self.synced.set()
        else:
            self.synced.clear()

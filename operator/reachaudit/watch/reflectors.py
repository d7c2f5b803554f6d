"""All reflectors together."""

import asyncio
from collections.abc import Mapping, Sequence

from reachaudit.kube.client import Client
from reachaudit.model.kinds import KINDS, Kind
from reachaudit.model.store import Store
from reachaudit.watch.reflector import Reflector, Sink
from reachaudit.watch.state import WatchState


class Reflectors:
    """One reflector a kind. `synced` is set when each kind was listed once."""

    def __init__(
        self, client: Client, store: Store, sink: Sink, kinds: Sequence[Kind] = KINDS
    ) -> None:
        self.synced = asyncio.Event()
        self._reflectors = {
            kind.name: Reflector(kind, client, store, sink, self._note_sync) for kind in kinds
        }

    @property
    def states(self) -> Mapping[str, WatchState]:
        """Each kind's state, by the kind's name."""
        return {name: reflector.state for name, reflector in self._reflectors.items()}

    async def run(self) -> None:
        """Reflect until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for name, reflector in self._reflectors.items():
                tasks.create_task(reflector.run(), name=f"reflector of {name}")

    def _note_sync(self) -> None:
        if all(state.synced for state in self.states.values()):
            self.synced.set()

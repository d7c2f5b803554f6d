"""What all stand-ins share: following the objects of a kind and answering each that changes."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from cluster.api import Api, Watch
from cluster.objects import KubeObject, dig
from cluster.rest import ApiError, UnreachableError

_RETRY_SECONDS = 0.2
_PASSED_BY = (404, 409)  # the object went or changed meanwhile; its next event tells
_INITIAL_END = "k8s.io/initial-events-end"


class StandIn(ABC):
    """A thread that reacts to the objects of one kind, also across restarts of the API server."""

    api_version: str
    kind: str

    def __init__(self, api: Api) -> None:
        self.api = api
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)
        self._stopping = threading.Event()
        self._watch: Watch | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start to follow."""
        self._thread.start()

    def stop(self) -> None:
        """End; nothing is written afterwards."""
        self._stopping.set()
        with self._lock:
            if self._watch:
                self._watch.close()
        self._thread.join()

    @abstractmethod
    def reset(self, present: Sequence[KubeObject]) -> None:
        """Forget what was known: these are the objects now, and each is reacted to next."""

    @abstractmethod
    def react(self, found: KubeObject) -> None:
        """Answer an object that is new or has changed."""

    @abstractmethod
    def gone(self, last: KubeObject) -> None:
        """Take note that an object was deleted."""

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow()
            except UnreachableError:
                self._stopping.wait(_RETRY_SECONDS)
            except ApiError as error:
                if error.code not in (403, 410, 429) and error.code < 500:
                    raise
                self._stopping.wait(_RETRY_SECONDS)

    def _follow(self) -> None:
        initial: list[KubeObject] | None = []
        with self.api.watch(self.api_version, self.kind) as watch, self._stoppable(watch):
            for event, found in watch:
                if initial is None:
                    self._handle(event, found)
                elif event == "ADDED":
                    initial.append(found)
                elif dig(found, "metadata", "annotations", _INITIAL_END):
                    self.reset(initial)
                    for each in initial:
                        self._handle("ADDED", each)
                    initial = None

    @contextmanager
    def _stoppable(self, watch: Watch) -> Iterator[None]:
        with self._lock:
            self._watch = watch
            if self._stopping.is_set():
                watch.close()
        try:
            yield
        finally:
            with self._lock:
                self._watch = None

    def _handle(self, event: str, found: KubeObject) -> None:
        try:
            if event == "DELETED":
                self.gone(found)
            elif event in ("ADDED", "MODIFIED"):
                self.react(found)
        except ApiError as error:
            if error.code not in _PASSED_BY:
                raise

"""Names of API objects."""

from typing import NamedTuple


class Ref(NamedTuple):
    """One API object by kind, namespace ("" for cluster-scoped kinds) and name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """`NetworkPolicy shop/deny-all`, `Node n1`."""
        return (
            f"{self.kind} {self.namespace}/{self.name}"
            if self.namespace
            else f"{self.kind} {self.name}"
        )

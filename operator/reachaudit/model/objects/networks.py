"""Extra networks of a pod, as Multus and alike write them in annotations (NP-51)."""

from collections.abc import Mapping

import msgspec

_PREFIX = "k8s.v1.cni.cncf.io/"
_WANTED = f"{_PREFIX}networks"
_HELD = (f"{_PREFIX}network-status", f"{_PREFIX}networks-status")


class _Network(msgspec.Struct):
    default: bool = False


def has_extra_networks(annotations: Mapping[str, str]) -> bool:
    """Whether a pod wants or holds an interface besides its usual one.

    Some clusters list the usual one alone for every pod. A list that cannot be read may hold more.
    """
    if annotations.get(_WANTED, "").strip():
        return True
    return any(_beside_default(annotations[key]) for key in _HELD if key in annotations)


def _beside_default(status: str) -> bool:
    try:
        return not all(n.default for n in msgspec.json.decode(status, type=list[_Network]))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return True

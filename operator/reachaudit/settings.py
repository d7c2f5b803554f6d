"""What a user may set, as plain frozen values. The lowest layer: it imports nothing of ours."""

from dataclasses import dataclass, fields
from typing import NamedTuple

SYSTEM_NAMESPACES = frozenset({"kube-system", "kube-public", "kube-node-lease"})


class SettingError(ValueError):
    """A setting that cannot be; the message is one sentence for its user."""


@dataclass(frozen=True)
class Assumptions:
    """Choices where the platform leaves a rule open (basis C), printed with what rests on them."""

    ip_blocks_match_pods: bool = True
    """NP-30: an ipBlock that covers a pod's address matches that pod; else UNKNOWN."""
    ip_blocks_match_nodes: bool = True
    """NP-30: an ipBlock that covers a node's address matches that node; else UNKNOWN."""
    host_network: str = "ignored"
    """NP-47: policies have no effect on hostNetwork pods ("ignored") or select them ("applied")."""
    pod_range_routed: bool = False
    """EXT-12: clients outside can dial pod addresses."""
    vendor_global: str = "unknown"
    """UNK-2: vendors' cluster-wide policies make all verdicts UNKNOWN, or are "ignored"."""

    def described(self) -> tuple[str, ...]:
        """`name=value` of each, in the form that `--assume` takes."""
        return tuple(f"{_flag(f.name)}={_text(getattr(self, f.name))}" for f in fields(self))


_CHOICES: dict[str, dict[str, bool | str]] = {
    "ip_blocks_match_pods": {"true": True, "false": False},
    "ip_blocks_match_nodes": {"true": True, "false": False},
    "host_network": {"ignored": "ignored", "applied": "applied"},
    "pod_range_routed": {"true": True, "false": False},
    "vendor_global": {"unknown": "unknown", "ignored": "ignored"},
}


def assume(assumptions: Assumptions, setting: str) -> Assumptions:
    """Assumptions with one `name=value` taken over; raises SettingError."""
    flag, _, text = setting.partition("=")
    name = flag.replace("-", "_")
    choices = _CHOICES.get(name)
    if choices is None:
        raise SettingError(
            f"no assumption is named {flag!r}; there are {', '.join(map(_flag, _CHOICES))}"
        )
    if text not in choices:
        raise SettingError(f"{flag} must be one of {', '.join(choices)}, not {text!r}")
    values = {f.name: getattr(assumptions, f.name) for f in fields(assumptions)}
    return Assumptions(**{**values, name: choices[text]})


def _flag(name: str) -> str:
    return name.replace("_", "-")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class Listen(NamedTuple):
    """Where to listen."""

    host: str
    port: int


@dataclass(frozen=True)
class Options:
    """How the operator runs. `namespace` is its own; `instance` names it in Events.

    `api`: where findings are served as JSON, None for nowhere.
    """

    kubeconfig: str | None
    context: str | None
    namespace: str
    instance: str
    listen: Listen
    api: Listen | None
    excluded: frozenset[str]
    assumptions: Assumptions

"""What every API object has on the wire, and the types that the `read_*` functions share."""

import re
from collections.abc import Iterable, Mapping
from sys import intern
from typing import NamedTuple

import msgspec

from reachaudit.model.facts import Fact, Labels, Owner, Protocol, Requirement, Selector

_VALUE = re.compile(r"(?=.{0,63}\Z)([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_KEY = re.compile(
    r"(?:(?=[^/]{1,253}/)[a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?"
    r"(?=.{1,63}\Z)[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
)

_PORT_NAME = re.compile(r"(?=.{1,15}\Z)(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]*[a-z0-9])?")


class Wire(msgspec.Struct, rename="camel", gc=False):
    """A part of an API object; fields that are not named here are skipped while decoding."""


class OwnerReference(Wire):
    """An entry of `metadata.ownerReferences`."""

    kind: str = ""
    name: str = ""
    controller: bool | None = None


class Metadata(Wire):
    """`metadata`, as far as it is read."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: list[OwnerReference] | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None


class Object(Wire):
    """Any API object: the base of each kind's own wire type."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)


class LabelRequirement(Wire):
    """An entry of `matchExpressions`."""

    key: str
    operator: str
    values: list[str] | None = None


class LabelSelector(Wire):
    """`matchLabels` and `matchExpressions`."""

    match_labels: dict[str, str] | None = None
    match_expressions: list[LabelRequirement] | None = None


class Reading(NamedTuple):
    """A fact, and what was wrong with the object: `field path: sentence`."""

    fact: Fact
    problems: tuple[str, ...] = ()


class Invalid(ValueError):
    """A part of an object that the API server would reject; the message says why."""


def labels_of(pairs: Mapping[str, str] | None) -> Labels:
    """Labels as sorted, interned pairs."""
    return tuple(sorted((intern(k), intern(v)) for k, v in pairs.items())) if pairs else ()


def _check(key: str, values: Iterable[str]) -> None:
    """Refuse what the API server refuses as a label's key or value."""
    if not _KEY.fullmatch(key):
        raise Invalid(f"{key!r} is not a label's key")
    for value in values:
        if not _VALUE.fullmatch(value):
            raise Invalid(f"{value!r} is not a label's value")


def owner_of(metadata: Metadata) -> Owner | None:
    """The owner that is marked as controller."""
    for owner in metadata.owner_references or ():
        if owner.controller:
            return Owner(intern(owner.kind), owner.name)
    return None


def protocol_of(text: str | None) -> Protocol:
    """A protocol, TCP where none is written (NP-35)."""
    match text or "TCP":
        case "TCP":
            return "TCP"
        case "UDP":
            return "UDP"
        case "SCTP":
            return "SCTP"
        case _:
            raise Invalid(f"protocol {text!r} is not TCP, UDP or SCTP")


def port_of(number: int, *, least: int = 1) -> int:
    """A port's number; raises Invalid where it is none."""
    if not least <= number <= 65535:
        raise Invalid(f"port {number} is not in {least}-65535")
    return number


def port_name_of(text: str) -> str:
    """A port's name; raises Invalid where it is none."""
    if not _PORT_NAME.fullmatch(text):
        raise Invalid(f"{text!r} is not a port name")
    return intern(text)


def selector_of(selector: LabelSelector) -> Selector:
    """A label selector; raises Invalid where the API server would reject it (NP-22, NP-24)."""
    for key, value in (selector.match_labels or {}).items():
        _check(key, (value,))
    return Selector(
        labels_of(selector.match_labels),
        tuple(sorted(map(_requirement, selector.match_expressions or ()), key=_order)),
    )


def _order(requirement: Requirement) -> tuple[str, str, tuple[str, ...]]:
    return requirement.key, requirement.operator, requirement.values


def _requirement(entry: LabelRequirement) -> Requirement:
    values = tuple(sorted(set(entry.values or ())))
    _check(entry.key, values)
    match entry.operator:
        case "In" | "NotIn" as operator:
            if not values:
                raise Invalid(f"operator {operator} of key {entry.key!r} needs values")
        case "Exists" | "DoesNotExist" as operator:
            if values:
                raise Invalid(f"operator {operator} of key {entry.key!r} takes no values")
        case _:
            raise Invalid(f"operator {entry.operator!r} of key {entry.key!r} does not exist here")
    return Requirement(intern(entry.key), operator, values)

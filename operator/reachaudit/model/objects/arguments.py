"""What a pod's arguments say of an ingress controller: which classes and namespaces it serves."""

import re
from collections.abc import Iterable, Iterator, Sequence

from reachaudit.model.objects.wire import Wire

UNREADABLE = "?"
_FLAG = re.compile(r"--?([\w.-]+)(?:=(.*))?", re.DOTALL)
_CLASS = re.compile(r"[\w.-]*(?:ingress\.?-?class|controller-class)", re.IGNORECASE)
# ING-24: flags that name namespaces, and those that limit what is served in ways not read here.
_NAMESPACES = re.compile(
    r"watch-namespaces?|namespace-whitelist|providers\.kubernetesingress\.namespaces",
    re.IGNORECASE,
)
_LIMITS = re.compile(
    r"watch-namespace-(?:selector|label)|namespace-blacklist"
    r"|providers\.kubernetesingress\.labelselector",
    re.IGNORECASE,
)
_OWN = "metadata.namespace"


class FieldReference(Wire):
    """A field of the pod itself."""

    field_path: str = ""


class EnvironmentSource(Wire):
    """`valueFrom`, as far as it is read: never a Secret."""

    field_ref: FieldReference | None = None


class EnvironmentVariable(Wire):
    """An entry of a container's `env`; literal values are not read."""

    name: str = ""
    value_from: EnvironmentSource | None = None


class Commanded(Wire):
    """What a container is told to do."""

    command: list[str] | None = None
    args: list[str] | None = None
    env: list[EnvironmentVariable] | None = None


def ingress_classes(containers: Iterable[Commanded]) -> tuple[str, ...]:
    """The classes that containers are told to serve (ING-19)."""
    flags = (flag for container in containers for flag in _flags(container))
    return tuple(value for name, value in flags if _CLASS.fullmatch(name) and value)


def watched_namespaces(containers: Iterable[Commanded], own: str) -> tuple[str, ...]:
    """The namespaces that containers are told to watch, none where all (ING-24).

    `own` is the pod's. UNREADABLE is among them where it is not known which.
    """
    found: list[str] = []
    for container in containers:
        for name, value in _flags(container):
            if _NAMESPACES.fullmatch(name):
                found += [_meant(each, container, own) for each in value.split(",") if each]
            elif _LIMITS.fullmatch(name) and value:
                found.append(UNREADABLE)
    return tuple(found)


def _meant(text: str, container: Commanded, own: str) -> str:
    """A namespace, perhaps written as `$(POD_NAMESPACE)`."""
    if "$(" not in text:
        return text.strip()
    for variable in container.env or ():
        source = variable.value_from and variable.value_from.field_ref
        if text == f"$({variable.name})" and source and source.field_path == _OWN:
            return own
    return UNREADABLE


def _flags(container: Commanded) -> Iterator[tuple[str, str]]:
    """`--name=value` and `--name value`."""
    words = [*(container.command or ()), *(container.args or ())]
    for i, word in enumerate(words):
        if found := _FLAG.fullmatch(word):
            name, value = found.groups()
            yield name, value if value is not None else _next(words, i)


def _next(words: Sequence[str], i: int) -> str:
    following = words[i + 1] if i + 1 < len(words) else ""
    return "" if following.startswith("-") else following

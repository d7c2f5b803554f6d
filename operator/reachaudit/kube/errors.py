"""What can go wrong with the API server, each as one plain sentence."""

from dataclasses import dataclass

LONGEST = 500


def one_line(text: object) -> str:
    """Text of others on one line: what could break a log or a terminal is escaped."""
    return "".join(map(_visible, str(text)[:LONGEST]))


def _visible(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]


class ClusterError(Exception):
    """There is no way to work with a cluster; the message is for the user."""


class Unreachable(Exception):
    """No connection, or it was lost."""


class Silent(Unreachable):
    """The connection stands, but nothing came for longer than anything should take."""


class Malformed(Exception):
    """An answer that no API server gives."""


@dataclass(eq=False)
class ApiError(Exception):
    """An answer that says no. `retry_after`: seconds that the server asks to wait, 0 if none."""

    status: int
    reason: str
    message: str
    retry_after: float = 0.0

    def __str__(self) -> str:
        return one_line(f"{self.status} {self.reason}: {self.message}")

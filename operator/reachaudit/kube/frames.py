"""A stream of bytes cut into lines, however it was split on its way."""

from reachaudit.kube.errors import Malformed

LONGEST = 16 * 2**20  # ten times what etcd holds in one object


class Frames:
    """Complete lines of what was fed so far."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that these bytes complete."""
        self._rest += data
        if b"\n" not in data:
            if len(self._rest) > LONGEST:
                raise Malformed("a frame of a watch is longer than any object can be")
            return []
        *lines, rest = bytes(self._rest).split(b"\n")
        self._rest = bytearray(rest)
        return [line for line in lines if line.strip()]

    @property
    def cut(self) -> bool:
        """Whether a line was begun and not ended."""
        return bool(self._rest.strip())

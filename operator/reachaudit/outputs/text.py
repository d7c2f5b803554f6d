"""Text of others made safe: labels, hosts and annotations may hold anything."""

import unicodedata

# Control, format (bidi among them), surrogate, private use, unassigned, line and paragraph breaks.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def safe(text: str, longest: int = 1024) -> str:
    """Text without characters that steer terminals or readers, at most so many UTF-8 bytes."""
    shown = "".join(c if unicodedata.category(c) not in _UNSAFE else _escaped(c) for c in text)
    encoded = shown.encode()
    if len(encoded) <= longest:
        return shown
    return encoded[: longest - 3].decode(errors="ignore") + "…"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")

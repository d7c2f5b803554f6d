"""Manifests: a cluster as files describe it, with what a cluster would add.

    paths ─▶ sources ─▶ texts ─▶ documents ─▶ manifests ─▶ items ─▶ cluster ─▶ Snapshot
             (bytes)   (YAML, JSON; lines)   (kinds, names) (facts)  (pods, what is given)

Whatever is at fault is a problem with its place, and hides nothing else.
"""

from reachaudit.watch.files.reader import read as read
from reachaudit.watch.files.sources import FileError as FileError

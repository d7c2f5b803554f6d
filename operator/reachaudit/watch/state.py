"""What is known of one kind's watch: for metrics and health."""

import time
from dataclasses import dataclass, field


@dataclass
class WatchState:
    """`synced`: listed, and not `unread` since. `unread`: it may not be read, or is not served
    though it ought to be. `last_contact`: monotonic seconds; an event, a bookmark or a list moves
    it, and a refusal where nothing is kept that could be stale. `relists` and `restarts`: lists and
    watches after the first. `forbidden`: the last answer was 403. `last_error`: a sentence, ""
    while all is well.
    """

    synced: bool = False
    unread: bool = False
    last_contact: float = field(default_factory=time.monotonic)
    relists: int = 0
    restarts: int = 0
    forbidden: bool = False
    last_error: str = ""

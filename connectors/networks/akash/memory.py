"""What one worker remembers between its calls, and nowhere else: manifests hold secrets in clear.

Losing it costs time only: a deployment without its manifest is closed and created anew, which is
free as long as it has no lease.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr

_ENTRIES_MAX = 5_000
LEASE_REPEATS_MAX = 3
"""As often the Console itself sends a manifest that was not taken."""


@dataclass(slots=True)
class Known:
    """One deployment that this worker created. ``sends``: how often its lease was asked for."""

    manifest: SecretStr
    sends: int = 0
    first_bid_at: datetime | None = None


class Memory:
    """Deployments by number, the oldest forgotten first; threads may share it."""

    def __init__(self, entries_max: int = _ENTRIES_MAX) -> None:
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._strange: OrderedDict[str, datetime] = OrderedDict()
        self._entries_max = entries_max
        self._lock = threading.Lock()

    def keep(self, dseq: str, manifest: SecretStr) -> None:
        with self._lock:
            self._known[dseq] = Known(manifest)
            while len(self._known) > self._entries_max:
                self._known.popitem(last=False)

    def strange_since(self, dseq: str, now: datetime) -> datetime:
        """Return when this worker first saw a deployment that it did not create."""
        with self._lock:
            since = self._strange.setdefault(dseq, now)
            while len(self._strange) > self._entries_max:
                self._strange.popitem(last=False)
            return since

    def of(self, dseq: str) -> Known | None:
        with self._lock:
            return self._known.get(dseq)

    def forget(self, dseq: str) -> None:
        """Drop a manifest that was taken, or is of no use any more."""
        with self._lock:
            self._known.pop(dseq, None)
            self._strange.pop(dseq, None)

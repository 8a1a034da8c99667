"""Where the time of a call goes, however many threads work side by side."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

Activity = Literal["network", "loading", "writing", "3D", "pictures", "reports", "smoothing", "frames"]

# of those going on at a time the first one has the time: a network that computes keeps nobody waiting
ORDER: tuple[Activity, ...] = (
    "network", "loading", "writing", "3D", "pictures", "reports", "smoothing", "frames"
)  # fmt: skip
WORDS: dict[str, str] = {
    "frames": "waiting for frames",
    "pictures": "labeled videos",
    "writing": "writing tables",
    "3D": "triangulating",
    "other": "everything else",
}


class Profile:
    """A clock for every activity; each moment counts for one of them, so that they add up."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start the clock."""
        self._clock, self._last = clock, clock()
        self._running: dict[str, int] = dict.fromkeys(ORDER, 0)
        self._seconds: dict[str, float] = dict.fromkeys((*ORDER, "other"), 0.0)
        self._lock = threading.Lock()

    @contextmanager
    def during(self, activity: Activity) -> Iterator[None]:
        """Note that something goes on."""
        self._change(activity, 1)
        try:
            yield
        finally:
            self._change(activity, -1)

    def seconds(self) -> dict[str, float]:
        """Return the time of every activity until now, the longest first; what took none is left out."""
        with self._lock:
            self._count()
            ordered = sorted(self._seconds.items(), key=lambda item: -item[1])
        return {name: seconds for name, seconds in ordered if seconds > 0}

    def _change(self, activity: Activity, by: int) -> None:
        with self._lock:
            self._count()
            self._running[activity] += by

    def _count(self) -> None:
        """Give the time since the last change to what has been going on."""
        now = self._clock()
        going = next((activity for activity in ORDER if self._running[activity]), "other")
        self._seconds[going] += now - self._last
        self._last = now


def told(seconds: dict[str, float]) -> str:
    """Return times as a line: in all, and the share of each activity that took a hundredth or more."""
    total = sum(seconds.values())
    if not total:
        return ""
    shares = {WORDS.get(name, name): 100 * value / total for name, value in seconds.items()}
    listed = ", ".join(f"{name} {share:.0f} %" for name, share in shares.items() if share >= 1)
    return f"{total:.1f} s: {listed}"

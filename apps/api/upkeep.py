"""What is done for a project beside answering: label files written, listeners woken, presence kept."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from lightning_pose.core.errors import PoseError

log = logging.getLogger(__name__)


class Afterwards:
    """Does something once it has been quiet for a while, and at the latest after some time."""

    def __init__(self, action: Callable[[], Any], quiet: float = 1.0, longest: float = 5.0) -> None:
        """Describe what and when; nothing is due yet.

        Args:
            action: what to do, in a thread of its own.
            quiet: seconds after the last call of `again`.
            longest: seconds after the first one.
        """
        self._action = action
        self._quiet = quiet
        self._longest = longest
        self._lock = threading.Lock()
        self._running = threading.Lock()
        self._timer: threading.Timer | None = None
        self._first = 0.0
        self.trouble = ""  # why it failed the last time

    def again(self) -> None:
        """Put it off for another while."""
        with self._lock:
            now = time.monotonic()
            if self._timer is None:
                self._first = now
            elif now - self._first < self._longest - self._quiet:
                self._timer.cancel()
            else:
                return
            self._timer = threading.Timer(self._quiet, self.now)
            self._timer.daemon = True
            self._timer.start()

    def now(self) -> None:
        """Do it now, due or not, and after what is being done; a fault is kept in `trouble` and logged."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        with self._running:
            try:
                self._action()
                self.trouble = ""
            except (PoseError, OSError) as error:
                self.trouble = str(error)
                log.warning("the label files were not written: %s", error)
            except Exception as error:  # nobody waits for this thread: a fault of ours must be said too
                self.trouble = f"The app failed ({type(error).__name__}); its terminal says where."
                log.exception("what follows an edit was not done")


class Bell:
    """Wakes those who wait on any event loop, from any thread."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._waiting: set[tuple[asyncio.Event, asyncio.AbstractEventLoop]] = set()

    async def wait(self, seconds: float) -> None:
        """Return when it rings, or after a time."""
        own = (asyncio.Event(), asyncio.get_running_loop())
        self._waiting.add(own)
        try:
            await asyncio.wait_for(own[0].wait(), seconds)
        except TimeoutError:
            return
        finally:
            self._waiting.discard(own)

    def ring(self) -> None:
        """Wake everybody."""
        for event, loop in list(self._waiting):
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)


class Presence:
    """Who has which frame open; those who have not been heard of for a while are gone."""

    def __init__(self, seconds: float = 45.0, most: int = 200) -> None:
        """Begin with nobody.

        Args:
            seconds: after which somebody is gone.
            most: people that are kept.
        """
        self._seconds = seconds
        self._most = most
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[float, dict[str, str]]] = {}

    def here(self, one: dict[str, str]) -> None:
        """Take note of somebody, known by the `client`."""
        with self._lock:
            self._seen.pop(one["client"], None)
            while len(self._seen) >= self._most:
                self._seen.pop(next(iter(self._seen)))
            self._seen[one["client"]] = (time.monotonic(), one)

    def everybody(self) -> list[dict[str, str]]:
        """Return who is here, in order of `client`."""
        with self._lock:
            limit = time.monotonic() - self._seconds
            self._seen = {client: seen for client, seen in self._seen.items() if seen[0] > limit}
            return [one for _, (_, one) in sorted(self._seen.items())]

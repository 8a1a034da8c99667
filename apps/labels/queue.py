"""The labeling queue: frames that somebody wants labeled, with who, when, by whose predictions, and why."""

import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import NamedTuple

from apps.labels.frames import number_of
from apps.labels.journal import revision, set_revision


class Entry(NamedTuple):
    """What was last said of a frame's place in the queue.

    Attributes:
        queued: whether it was put in; it waits as long as it is not labeled whole.
        source: name of the predictions that it was found by, "" for none.
        reason: why, in words.
        who: name of the person.
        at: when, in seconds since 1970 UTC.
    """

    queued: bool
    source: str
    reason: str
    who: str
    at: float


class LabelingQueue:
    """The queue of an open store: a frame leaves it once all its keypoints are labeled, or when taken out."""

    def __init__(
        self,
        link: sqlite3.Connection,
        mutex: threading.RLock,
        writing: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """Work on a database.

        Args:
            link: open database.
            mutex: held while it is read.
            writing: a transaction that other threads wait for.
        """
        self._link, self._mutex, self._writing = link, mutex, writing

    def add(self, frames: Mapping[str, str], *, source: str, who: str) -> int:
        """Put frames into the queue, and return the revision.

        Args:
            frames: id of the frame to why it is wanted, in words.
            source: name of the predictions that become its proposals, "" for the newest.
            who: name of the person.

        Raises:
            ReadOnlyError: when the store may not write.
            DataError: when there is no such frame; then none is put in.
        """
        return self._say({frame: Entry(True, source, why, who, time.time()) for frame, why in frames.items()})

    def remove(self, frames: list[str], *, who: str) -> int:
        """Take frames out of the queue, and return the revision; their labels and images stay.

        Raises:
            ReadOnlyError: when the store may not write.
            DataError: when there is no such frame; then none is taken out.
        """
        return self._say({frame: Entry(False, "", "", who, time.time()) for frame in frames})

    def entry(self, frame: str) -> Entry | None:
        """Return what was last said of a frame; None where it was never in the queue.

        Raises:
            DataError: when there is no such frame.
        """
        entries = self.history(frame)
        return entries[-1] if entries else None

    def source(self, frame: str) -> str:
        """Return by whose predictions a frame was found when it was last put in; "" for nobody's.

        Raises:
            DataError: when there is no such frame.
        """
        return next((entry.source for entry in reversed(self.history(frame)) if entry.queued), "")

    def history(self, frame: str) -> list[Entry]:
        """Return all that was said of a frame, the oldest first.

        Raises:
            DataError: when there is no such frame.
        """
        query = "SELECT queued, source, reason, who, at FROM queue WHERE frame = ? ORDER BY rev"
        with self._mutex:
            rows = self._link.execute(query, (number_of(self._link, frame),)).fetchall()
        return [Entry(bool(queued), *rest) for queued, *rest in rows]

    def _say(self, entries: Mapping[str, Entry]) -> int:
        with self._writing():
            rev = revision(self._link)
            for frame, entry in entries.items():
                rev += 1
                number = number_of(self._link, frame)
                self._link.execute("UPDATE frames SET queued = ? WHERE id = ?", (entry.queued, number))
                self._link.execute("INSERT INTO queue VALUES (?, ?, ?, ?, ?, ?, ?)", (rev, number, *entry))
            set_revision(self._link, rev)
            return rev

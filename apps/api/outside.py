"""What other programs change in an open project: label files, extracted frames, the project's own file."""

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from apps.labels.extracted import record_states
from lightning_pose.core.errors import PoseError
from lightning_pose.core.project import PROJECT_FILE, open_project

if TYPE_CHECKING:
    from apps.api.desk import Served

LOOK = 2.0  # seconds between looks


class Outside:
    """Looks at the files of an open project every few seconds, for whoever asks."""

    def __init__(self, served: "Served") -> None:
        """Remember how the files are before the project is opened."""
        self._served = served
        self._lock = threading.Lock()
        self._looked = -LOOK
        self._changes: dict[str, Any] | None = None
        self._records = record_states(served.folder)
        self._project = self._project_state()
        self.trouble = ""  # what cannot be taken in, in a sentence

    def changes(self) -> dict[str, Any] | None:
        """Return how much another program changed in the label files; None for nothing.

        Frames that it extracted, and what it changed in the skeleton, are taken in on the way.
        """
        with self._lock:
            if time.monotonic() - self._looked > LOOK:
                self._take_extracted()
                self._take_project()
                self._changes = self._difference()
                self._looked = time.monotonic()
            return self._changes

    def _take_extracted(self) -> None:
        """Add the frames that another program has extracted since the last look."""
        served, now = self._served, record_states(self._served.folder)
        if now == self._records or served.store.read_only:
            return
        self._records, before = now, served.store.rev
        with suppress(PoseError):  # a full disk: opening the project takes them in
            served.store.take_extracted()
        if served.store.rev != before:
            served.edited()

    def _take_project(self) -> None:
        """Take other edges, pairs and colours; other keypoints or views need the app started again."""
        served, now = self._served, self._project_state()
        if now == self._project:
            return
        self._project = now
        with suppress(PoseError):  # half written, or wrong: the page of health says so
            found, known = open_project(served.folder), served.project
            self.trouble = ""
            if (found.views, found.keypoint_names) == (known.views, known.keypoint_names):
                served.project = found
            else:
                self.trouble = f"{PROJECT_FILE} has other keypoints or views now. Start the app again."

    def _difference(self) -> dict[str, Any] | None:
        try:
            found = self._served.store.incoming()
        except PoseError as error:
            return {"views": [], "cells": 0, "added": 0, "gone": 0, "faults": [str(error)]}
        if found is None:
            return None
        counts = {"cells": len(found.cells), "added": len(found.added), "gone": len(found.gone)}
        return {"views": sorted(found.hashes), **counts, "faults": found.faults}

    def _project_state(self) -> tuple[int, int] | None:
        try:
            stat = (self._served.folder / PROJECT_FILE).stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size

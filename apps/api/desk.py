"""The projects that the app has open: each with its labels, cameras and files."""

import threading
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from apps.api.answers import ABSENT, RequestError
from apps.api.measures import measure_frames
from apps.api.outside import Outside
from apps.api.places import project_home, project_id
from apps.api.spaces import Spaces
from apps.api.upkeep import Afterwards, Bell, Presence
from apps.labels import FrameTable, LabelStore
from apps.results.shelf import Shelf
from apps.state import Contents, folder_of
from lightning_pose.core.calibration import Rig, find_calibration
from lightning_pose.core.errors import CalibrationError
from lightning_pose.core.project import open_project
from lightning_pose.projects.recent import recent_projects

RECENT = 2.0  # seconds for which the list of videos is good


class Served:
    """One open project. Its methods may be called from any thread.

    Attributes:
        id: its name in addresses.
        folder: where it is, resolved.
        project: what its files say.
        store: its labels.
        shelf: copies of its tables, made for reading a column at a time.
        spaces: the cameras of its sessions, with what its labels say of the space before them.
        presence: who has which frame open.
        bell: rings when something has changed that listeners are told.
        writing: the label files, written a while after the last edit.
        closing: whether the server ends.
        unmeasurable: frames of which no two views have a label in common, until labels change.
        queueing: held while the queue is changed.
        outside: what other programs change in it.
    """

    def __init__(
        self, folder: Path, root: Path | None = None, told: Callable[[float], None] = lambda share: None
    ) -> None:
        """Open the project of a folder, and its labels.

        Args:
            folder: of the project.
            root: in which predictions are looked for; the project's folder by default.
            told: the share that is done of the first reading of its label files.

        Raises:
            DataError: when it is none, or its files are wrong.
        """
        self.folder = folder.resolve()
        self.id = project_id(self.folder)
        self.project = open_project(self.folder)
        self.outside = Outside(self)
        self.store = LabelStore.open(self.project, told=told)
        self.shelf = Shelf(self.folder)
        self._around = folder_of((root or folder).resolve())
        self.spaces = Spaces(self)
        self.presence = Presence()
        self.bell = Bell()
        self.writing = Afterwards(self._settle)
        self.closing = False
        self.unmeasurable: set[str] = set()
        self.queueing = threading.Lock()
        self._lock = threading.Lock()
        self._table: tuple[int, FrameTable, dict[str, int]] | None = None
        self._rigs: dict[tuple[Path, int], Rig] = {}
        self.writing.again()  # what an interrupted server left undone

    @property
    def views(self) -> tuple[str, ...]:
        """The views; one empty name where there is a single view."""
        return self.project.views

    def frames(self) -> tuple[FrameTable, dict[str, int]]:
        """Return the table of frames, and the row of each by id; what has changed is read again."""
        with self._lock:
            rev = self.store.rev
            if self._table is None or self._table[0] != rev:
                self._table = self._changed_table(rev) or self._whole_table(rev)
            return self._table[1], self._table[2]

    def _whole_table(self, rev: int) -> tuple[int, FrameTable, dict[str, int]]:
        """Return the table of frames, read anew."""
        table = self.store.frames()
        return rev, table, {name: row for row, name in enumerate(table.id)}

    def _changed_table(self, rev: int) -> tuple[int, FrameTable, dict[str, int]] | None:
        """Return the known table with what has changed in its rows; None where it must be read anew."""
        if self._table is None or self._table[0] < 0:
            return None
        since, table, places = self._table
        news = self.store.frame_news(since)
        if news.listed or not news.rows.keys() <= places.keys():
            return None
        for name, row in news.rows.items():
            for column, value in zip(table, row, strict=True):
                column[places[name]] = value
        return rev, table, places

    def edited(self) -> None:
        """Take note that labels have changed: listeners are told now, label files written in a while."""
        self.unmeasurable.clear()
        self.writing.again()
        self.bell.ring()

    def forget_frames(self) -> None:
        """Read the table of frames anew the next time: something changed in it that no revision counts."""
        with self._lock:
            self._table = None if self._table is None else (-1, *self._table[1:])

    def place(self, frame: str) -> tuple[str, int]:
        """Return session and number of a frame; these never change, so an edit does not have all read again.

        Raises:
            RequestError: when there is no such frame.
        """
        last = self._table
        table, row = (last[1], last[2][frame]) if last and frame in last[2] else self.row(frame)
        return table.session[row], table.index[row]

    def row(self, frame: str) -> tuple[FrameTable, int]:
        """Return the table of frames and the row of one.

        Raises:
            RequestError: when there is no such frame.
        """
        table, place = self.frames()
        if frame not in place:
            raise RequestError(ABSENT, "There is no such frame in this project; it may have been taken out.")
        return table, place[frame]

    def check_view(self, view: str) -> str:
        """Return a view's name, if it is one.

        Raises:
            RequestError: when it is none.
        """
        if view not in self.views:
            raise RequestError(ABSENT, f"There is no view {view!r} in this project.")
        return view

    def videos(self) -> dict[str, dict[str, Path]]:
        """Return session to view to video, as they were a moment ago."""
        sessions = self.contents(RECENT).sessions
        return {name: session.videos for name, session in sessions.items() if session.videos}

    def contents(self, within: float = 0.0) -> Contents:
        """Return the sessions and what was predicted of them, as they were at most so many seconds ago.

        Raises:
            DataError: when the project's files have become wrong.
        """
        return self._around.contents(within)

    def rig(self, session: str) -> Rig | None:
        """Return the cameras of a session in the order of the views; None where it is not calibrated.

        Raises:
            CalibrationError: when there is a calibration, and it is not one of these views.
        """
        if len(self.views) < 2:
            return None
        path = find_calibration(self.folder, session)
        if path is None:
            return None
        key = (path, path.stat().st_mtime_ns)
        if key not in self._rigs:
            self._rigs[key] = Rig.load(path).check(self.views, path=path)
        return self._rigs[key]

    def known_rig(self, session: str) -> Rig | None:
        """Return the cameras of a session; None also where its calibration is faulty: the health says so."""
        try:
            return self.rig(session)
        except CalibrationError:
            return None

    def materialise(self) -> None:
        """Write the label files as the labels are now; before anything reads them.

        Raises:
            DataError: when they cannot be written.
        """
        if not self.store.read_only:
            self.store.materialise()

    def _settle(self) -> None:
        """Do what is due once hands rest."""
        self.materialise()
        if not self.closing and measure_frames(self):
            self.writing.again()

    def end(self) -> None:
        """Let listeners go, so that the server can end."""
        self.closing = True
        self.bell.ring()

    def close(self) -> None:
        """Write the label files and let go of the labels."""
        self.end()
        self.writing.now()
        self.shelf.close()
        self.store.close()


class Desk:
    """The projects that may be opened: that of the app or the recent ones, and those chosen since."""

    def __init__(self, root: Path | None) -> None:
        """Remember what may be opened; nothing is read yet."""
        self.root = root
        self._lock = threading.Lock()
        self._opening: dict[str, threading.Lock] = {}
        self._open: dict[str, Served] = {}
        self._shares: dict[str, float] = {}
        self._chosen: dict[Path, None] = {}

    def folders(self) -> dict[str, Path]:
        """Return the folder of every project that may be opened, by id."""
        if self.root is not None:
            folders = [project_home(self.root)]
        else:
            folders = recent_projects()
        return {project_id(folder): folder.resolve() for folder in [*folders, *self._chosen]}

    def allow(self, folder: Path) -> str:
        """Let a further project be opened, which a person has chosen on a page; return its id."""
        home = project_home(folder)
        with self._lock:
            self._chosen[home] = None
        return project_id(home)

    def served(self, pid: str) -> Served:
        """Return an open project, opened now if it was not.

        Raises:
            RequestError: when it is none of those that may be opened.
            DataError: when its files are wrong.
        """
        with self._lock:
            opening = self._opening.setdefault(pid, threading.Lock())
        with opening:  # one project that takes long to open does not hold up the others
            if pid not in self._open:
                folder = self.folders().get(pid)
                if folder is None:
                    raise RequestError(ABSENT, "This project is not open here.")
                self._shares[pid] = 0.0
                try:
                    self._open[pid] = Served(folder, self.root, partial(self._shares.__setitem__, pid))
                finally:
                    del self._shares[pid]
            return self._open[pid]

    def opening(self, pid: str) -> float | None:
        """Return the share that is done of a project's opening; None where it is not being opened."""
        return self._shares.get(pid)

    def opened(self) -> list[Served]:
        """Return the projects that are open."""
        return list(self._open.values())

    def end(self) -> None:
        """Let all listeners go."""
        for served in self.opened():
            served.end()

    def close(self) -> None:
        """Write all label files and close the projects."""
        for served in self.opened():
            served.close()
        self._open.clear()


@cache
def desk_of(root: Path | None) -> Desk:
    """Return the one desk of a folder in this process: the routes' and the pages'."""
    return Desk(root)

"""The label store of a project: every change durable before it is acknowledged, label files made from it."""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Self

from apps.labels import frames, intake, journal
from apps.labels.cells import EMPTY, Cell, Change, FrameNews, FrameTable, Operation, Result, cell_from_values
from apps.labels.difference import Difference
from apps.labels.exchange import Exchange, Materialised
from apps.labels.extracted import take_extracted
from apps.labels.journal import Author
from apps.labels.lock import Holder, Lock, ReadOnlyError
from apps.labels.queue import LabelingQueue
from apps.labels.schema import connect, transaction
from lightning_pose.core.errors import DataError
from lightning_pose.core.label_manifest import STORE_FOLDER
from lightning_pose.core.project import Project, open_project

Step = Callable[[str], None]
DATABASE, LOCK = "labels.db", "labels.lock"


class LabelStore:
    """Labels of one project; see docs/formats/label_store.md.

    All methods may be called from several threads. A process opens a project once and shares the store. Where
    it may not write, what writes raises a `ReadOnlyError`.

    Attributes:
        project: the project.
        holder: the other process that may write, where this store may not because of it.
        faults: what opening could not take over, in words.
        queue: the frames that somebody wants labeled.
    """

    def __init__(
        self, project: Project, *, read_only: bool, take_over: bool, on_step: Step | None, told: intake.Told
    ) -> None:
        self.project = project
        self.holder: Holder | None = None
        self._folder = project.folder / STORE_FOLDER
        self._mutex = threading.RLock()
        self.faults: list[str] = []
        self._step = on_step or (lambda name: None)
        self._lock: Lock | None = None
        if not read_only:
            lock = Lock(self._folder / LOCK)
            try:
                self.holder = lock.acquire(take_over=take_over)
            except OSError as error:
                raise DataError(f"nothing can be written in {self._folder}: {error}") from error
            self._lock = None if self.holder else lock
        try:
            self._link = connect(self._folder / DATABASE, read_only=self.read_only)
            if self.read_only:
                self._names = intake.load_names(self._link, project)
            else:
                self._names = intake.begin(self._link, project, told)
            self.queue = LabelingQueue(self._link, self._mutex, self._writing)
            self._exchange = Exchange(self._link, self._mutex, project, self._names, self._folder, self._step)
            if not self.read_only:
                self._exchange.repair()
                self.faults = self.take_extracted()
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(
        cls, project: Project | Path | str, *, read_only: bool = False, take_over: bool = False,
        on_step: Step | None = None, told: intake.Told = lambda share: None,
    ) -> Self:  # fmt: skip
        """Open the labels of a project; the first time, its label files are read.

        Where another process writes, the store only reads (`read_only`, `holder`), and sees what it writes.

        Args:
            project: the project, or its folder.
            read_only: never write.
            on_step: called with a name between any two steps of a save; tests end the process there.
            told: the share that is done of the first reading, which takes long in a large project.
            take_over: write although the lock names a process of another machine, which is known to be gone.

        Raises:
            DataError: when the label files or the database cannot be used; nothing is changed then.
        """
        if not isinstance(project, Project):
            project = open_project(project)
        return cls(project, read_only=read_only, take_over=take_over, on_step=on_step, told=told)

    def close(self) -> None:
        """Give the lock back; what was acknowledged is on the disk already."""
        files = self._exchange.busy if hasattr(self, "_exchange") else nullcontext()
        with files, self._mutex:
            if hasattr(self, "_link"):
                self._link.close()
            if self._lock is not None:
                self._lock.release()
                self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def read_only(self) -> bool:
        """Whether this store cannot change anything."""
        return self._lock is None

    @property
    def rev(self) -> int:
        """The last revision."""
        with self._mutex:
            return journal.revision(self._link)

    def apply(self, operations: Sequence[Operation], *, who: str, client: str) -> list[Result]:
        """Apply operations in one transaction, and answer each; on the disk when this returns.

        Raises:
            DataError: when the disk is full or the database cannot be written; then nothing was applied.
        """
        author = Author(who[: journal.LONGEST_NAME], client[: journal.LONGEST_NAME], time.time())
        with self._writing():
            return journal.apply(self._link, self._names, operations, author)

    def frames(self) -> FrameTable:
        """Return all frames in columns."""
        with self._mutex:
            return frames.frame_table(self._link, self._names.total)

    def frame_news(self, since: int) -> FrameNews:
        """Return what became of frames after a revision."""
        with self._mutex:
            return frames.frame_news(self._link, since, self._names.total)

    def images(self, frame: str) -> dict[str, str]:
        """Return view to path of the image of a frame, relative to the project; empty for no such frame."""
        with self._mutex:
            return frames.frame_images(self._link, frame)

    def cells(self, frame: str) -> dict[str, dict[str, Cell]]:
        """Return view to keypoint to cell, all of them.

        Raises:
            DataError: when there is no such frame.
        """
        with self._mutex:
            rows = self._link.execute(
                "SELECT view, keypoint, x, y, state, origin, rev FROM cells WHERE frame = ?",
                (frames.number_of(self._link, frame),),
            ).fetchall()
        known = {row[:2]: cell_from_values(row[2:]) for row in rows}
        return {
            view: {name: known.get((v, k), EMPTY) for name, k in self._names.keypoints.items()}
            for view, v in self._names.views.items()
        }

    def changes(self, since: int) -> list[Change]:
        """Return the last change of every cell that changed after a revision, in the order of revisions."""
        with self._mutex:
            return journal.changes(self._link, since)

    def history(self, frame: str, view: str, keypoint: str) -> list[Change]:
        """Return what was done to a cell, oldest first, with the values that lost a conflict.

        Raises:
            DataError: when there is no such cell.
        """
        with self._mutex:
            place = frames.place_of(self._link, self._names, frame, view, keypoint)
            return journal.history(self._link, place)

    def undoable(self, client: str, limit: int = 1000) -> tuple[list[Change], list[Change]]:
        """Return what a client can undo, and what it can redo, the next one first.

        To undo `change`, apply `change.was` with `undoes=change.id`; to redo it, undo what undid it.
        """
        with self._mutex:
            return journal.undoable(self._link, client, limit)

    def labelers(self) -> dict[str, int]:
        """Return how many labels are whose, as they stand; those that label files brought are nobody's."""
        with self._mutex:
            return journal.labelers(self._link)

    def annotate(self, frame: str, *, flagged: bool | None = None, note: str | None = None, who: str) -> int:
        """Set the flag or the note of a frame and return the revision; what is None stays.

        Raises:
            DataError: when there is no such frame.
        """
        with self._writing():
            return frames.annotate(self._link, frame, flagged, note, (who, time.time()))

    def measure(self, worst_px: Mapping[str, float | None], *, rev: int | None = None) -> None:
        """Keep the largest reprojection error of frames, px; a change of a frame's cells forgets it.

        Args:
            worst_px: error by id of the frame.
            rev: revision whose cells were measured; frames that have changed since are passed over.
        """
        with self._writing():
            frames.keep_worst(self._link, worst_px, journal.revision(self._link) if rev is None else rev)

    def add_frames(self, rows: Sequence[Mapping[str, str]]) -> list[str]:
        """Add frames to be labeled, after the others, and return their ids; known ones are left as they are.

        The label files get them with their first label.

        Args:
            rows: of every frame, view to path of its image, relative to the project.

        Raises:
            DataError: when a view is missing or a path leaves the project; then none is added.
        """
        frames.check_rows(rows, self._names.views)
        with self._writing():
            return frames.insert_frames(self._link, self._names.views, rows, unwritten=1)

    def take_extracted(self) -> list[str]:
        """Add the frames that `litpose extract` made images of, and return what could not be, in words."""
        with self._writing():
            return take_extracted(self._link, self.project, self._names.views)

    def materialise(self) -> Materialised:
        """Write what changed since the last time into the label files, all views at one revision.

        The caller decides how often: about a second after an edit, and before anything reads the files.
        Nothing is written while changes of another program wait for `accept` or `reject`: they are `held`.

        Raises:
            DataError: when the files cannot be written, or change meanwhile; the store has the labels.
        """
        return self._writer().materialise()

    def incoming(self) -> Difference | None:
        """Return what another program changed in the label files; cheap where nothing did."""
        return self._exchange.incoming(adopt=not self.read_only)

    def accept(
        self, difference: Difference, *, who: str, theirs: Collection[tuple[str, str, str]] = ()
    ) -> Materialised:
        """Take over what another program changed, as operations of origin `imported`.

        Args:
            difference: what `incoming` returned.
            who: who decided it.
            theirs: the cells (frame, view, keypoint) whose conflict goes to the file, not to the store.

        Raises:
            DataError: when the files have changed again, or cannot be taken over (`Difference.faults`).
        """
        return self._writer().accept(difference, who=who, theirs=theirs)

    def reject(self, difference: Difference, *, who: str) -> Materialised:
        """Write the store's labels over what another program changed, which stays in history and backups.

        Raises:
            DataError: when the files have changed again.
        """
        return self._writer().reject(difference, who=who)

    def _writer(self) -> Exchange:
        """Return the label files, to write them."""
        if self.read_only:
            raise self._refusal()
        return self._exchange

    def _refusal(self) -> ReadOnlyError:
        by = f": {self.holder} writes them" if self.holder else ""
        return ReadOnlyError(f"the labels of {self.project.folder} are open for reading only{by}")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Run a transaction that other threads wait for."""
        if self.read_only:
            raise self._refusal()
        with self._mutex:
            with transaction(self._link):
                yield
                self._step("before the commit")
            self._step("committed")

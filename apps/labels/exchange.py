"""The label files and the store: written from it, and read back where another program changed them."""

import sqlite3
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

from apps.labels import export, journal, merge
from apps.labels.difference import Difference, Reading, compare, read_files, refresh
from apps.labels.durable import prepare, sync_folder
from apps.labels.journal import Names
from apps.labels.known import KnownFile, known_files, note_finished, note_plan, note_reading, settle
from apps.labels.label_file import FileHashes, LabelFile, inside
from apps.labels.schema import transaction
from lightning_pose.core.csv_header import read_header
from lightning_pose.core.errors import DataError, raise_collected
from lightning_pose.core.label_manifest import Written, read_manifest
from lightning_pose.core.project import Project


class Materialised(NamedTuple):
    """What became of the label files.

    Attributes:
        revision: of the store when they were made.
        written: the views whose files changed.
        held: what another program changed in them; until it is accepted or rejected, nothing is written.
    """

    revision: int
    written: tuple[str, ...]
    held: Difference | None


class Exchange:
    """The label files of one open store."""

    def __init__(
        self, link: sqlite3.Connection, mutex: threading.RLock, project: Project, names: Names, folder: Path,
        step: Callable[[str], None],
    ) -> None:  # fmt: skip
        """Look at the files, and finish what an interrupted program began.

        Args:
            link: open database.
            mutex: held while it is used.
            project: whose label files they are.
            names: views and keypoints.
            folder: where manifest and backups are.
            step: called before and after everything that a loss of power could fall between.
        """
        self._link, self._mutex, self._names, self._folder, self._step = link, mutex, names, folder, step
        self._paths = {view: inside(project.folder, project.label_file(view)) for view in names.views}
        self._hashes = FileHashes(self._paths)
        self.busy = threading.RLock()  # held while files are read or written, before the mutex
        self._found: tuple[dict[str, str], int, Reading, Difference] | None = None

    def repair(self) -> None:
        """Finish an interrupted export, and take over frames that another program added."""
        with self.busy:
            for path in self._paths.values():
                path.with_name(f".{path.name}.new").unlink(missing_ok=True)
            interrupted = any(file.planned for file in self._known().values())
            held = self.materialise().held if interrupted else self.incoming(adopt=True)
            if held is None:
                self._write_manifest()
            elif held.only_adds:
                self.accept(held, who=merge.CLIENT)

    def materialise(self) -> Materialised:
        """Write what changed into the label files, all views at one revision, the manifest last.

        Raises:
            DataError: when they cannot be written.
        """
        try:
            return self._materialise()
        except OSError as error:
            raise DataError(
                f"the label files could not be written: {error}; the store has all labels, and writes them "
                "the next time"
            ) from error

    def _materialise(self) -> Materialised:
        with self.busy:
            with self._mutex, transaction(self._link):
                settle(self._link, {view: self._hashes(view) for view in self._paths}, self._names.views)
            held = self.incoming(adopt=True)
            with self._mutex:
                rev = journal.revision(self._link)
                if held is not None:
                    return Materialised(rev, (), held)
                known = self._known()
                absent = {view for view in self._paths if not self._hashes(view)}
                states = [
                    export.view_state(self._link, view, number, everything=view in absent)
                    for view, number in self._names.views.items()
                ]
                visible = export.has_occluded(self._link)
                keypoints = dict(self._link.execute("SELECT id, name FROM keypoints"))
            states = [state for state in states if state.fresh or state.name not in absent]
            temporary = self._prepare(states, known, keypoints, visible=visible)
            if temporary is None:  # changed under our hands
                return Materialised(rev, (), self.incoming(adopt=True))
            before = {s.name: "" if s.whole else known[s.name].sha256 for s in states}
            self._replace(temporary, rev, before)
            hashes = before | {view: sha256 for view, (_, sha256) in temporary.items()}
            with self._mutex, transaction(self._link):
                note_finished(self._link, states, hashes, rev)
            self._step("exported revision noted")
            self._write_manifest()
            return Materialised(rev, tuple(temporary), None)

    def incoming(self, *, adopt: bool = False) -> Difference | None:
        """Return what another program changed in the label files, None for nothing.

        Args:
            adopt: where they only say the same in other bytes, go on from these bytes.
        """
        with self.busy:
            with self._mutex:
                known = self._known()
            now = {view: self._hashes(view) for view in self._paths}
            changed = {
                view: sha256
                for view, sha256 in now.items()
                if sha256 and sha256 not in (known[view].sha256, known[view].planned)
            }
            if not changed:
                return None
            is_known = self._found is not None and self._found[0] == changed
            files = None if is_known else read_files(self._paths, changed)  # edits need not wait for it
            with self._mutex:
                rev = journal.revision(self._link)
                found = self._remembered(changed, rev) if is_known else None
                reading, difference = found or self._read(changed, files, learn=adopt)
                if difference.is_empty:
                    if adopt:
                        with transaction(self._link):
                            note_reading(self._link, self._names, reading, self._paths, rev)
                    return None
                self._found = changed, rev, reading, difference
                return difference

    def accept(
        self, difference: Difference, *, who: str, theirs: Collection[tuple[str, str, str]] = ()
    ) -> Materialised:
        """Take over what another program changed; of conflicts only those named in `theirs`.

        Raises:
            DataError: when the files have changed again, or have faults.
        """
        with self.busy, self._mutex:
            reading, now = self._reread(difference)
            if now.faults:
                raise_collected(DataError, "the label files cannot be taken over", now.faults)
            with transaction(self._link):
                merge.take_over(self._link, self._names, reading, now, who, set(theirs))
            return self._go_on_from(now)

    def reject(self, difference: Difference, *, who: str) -> Materialised:
        """Keep what the store has; what the files said is in the history and among the backups.

        Raises:
            DataError: when the files have changed again.
        """
        with self.busy, self._mutex:
            reading, now = self._reread(difference)
            rev = journal.revision(self._link)
            export.back_up(self._folder, self._paths, rev, now=time.time(), force=True)
            with transaction(self._link):
                merge.turn_down(self._link, self._names, reading, now, who)
            for view in now.hashes.keys() - reading.files.keys():  # cannot be read: made anew
                self._paths[view].unlink(missing_ok=True)
            return self._go_on_from(now)

    def _go_on_from(self, handled: Difference) -> Materialised:
        """Know the files of a difference that was dealt with, and write what they lack."""
        here = {view: self._hashes(view) for view in handled.hashes if self._hashes(view)}
        reading, _ = self._read(here, learn=True)
        with transaction(self._link):
            note_reading(self._link, self._names, reading, self._paths, journal.revision(self._link))
        self._step("label files taken over")
        return self.materialise()

    def _reread(self, difference: Difference) -> tuple[Reading, Difference]:
        """Read the changed files again.

        Raises:
            DataError: when they are no longer those of the difference.
        """
        reading, now = self._read(difference.hashes, learn=True)
        if now.hashes != difference.hashes or any(
            self._hashes(view) != sha256 for view, sha256 in now.hashes.items()
        ):
            raise DataError("the label files have changed again: look at the new difference first")
        return reading, now

    def _remembered(self, changed: dict[str, str], rev: int) -> tuple[Reading, Difference] | None:
        """Return what was found in the same files before, as it is after further operations."""
        if self._found is None or self._found[0] != changed:
            return None
        _, since, reading, difference = self._found
        now = difference if rev == since else refresh(self._link, self._names, reading, difference, since)
        return None if now is None else (reading, now)

    def _read(
        self,
        changed: dict[str, str],
        files: tuple[dict[str, LabelFile], list[str]] | None = None,
        *,
        learn: bool,
    ) -> tuple[Reading, Difference]:
        """Compare changed files with the store, which learns the names of further keypoints before."""
        files = read_files(self._paths, changed) if files is None else files
        if learn:
            with transaction(self._link):
                for view in changed:
                    self._link.executemany(
                        "INSERT OR IGNORE INTO keypoints (name, active) VALUES (?, 0)",
                        [(name,) for name in _keypoints(self._paths[view])],
                    )
        return compare(self._link, self._names, changed, *files)

    def _prepare(
        self, states: list[export.ViewState], known: dict[str, KnownFile], keypoints: dict[int, str], *,
        visible: bool,
    ) -> dict[str, tuple[Path, str]] | None:  # fmt: skip
        """Write the coming files beside the present ones; None when these are not what was known."""
        temporary = {}
        for state in states:
            path = self._paths[state.name]
            if state.is_empty and not self._lacks_columns(path, visible):
                continue
            expected = "" if state.whole else known[state.name].sha256
            built = export.build_file(path, expected, state, self._names, keypoints, visible=visible)
            if built is None:
                return None
            old, new = built
            if old != new:
                temporary[state.name] = prepare(path, new), export.sha256_of(new)
                self._step(f"prepared {state.name}")
        return temporary

    def _lacks_columns(self, path: Path, visible: bool) -> bool:
        header = read_header(path)
        return bool(self._names.keypoints.keys() - set(header.names)) or (
            visible and "visible" not in header.coords
        )

    def _replace(self, temporary: dict[str, tuple[Path, str]], rev: int, known: dict[str, str]) -> None:
        """Put files in the place of the present ones.

        Raises:
            DataError: when another program changed one of them meanwhile; then none is touched.
        """
        if not temporary:
            return
        with self._mutex, transaction(self._link):
            planned = {view: sha256 for view, (_, sha256) in temporary.items()}
            note_plan(self._link, self._names, self._paths, planned, rev)
        self._step("plan noted")
        export.back_up(self._folder, self._paths, rev, now=time.time(), force=False)
        self._step("backed up")
        if any(self._hashes(view) != known[view] for view in temporary):
            raise DataError("the label files changed while they were written: nothing of them was touched")
        for view, (path, _) in temporary.items():
            path.replace(self._paths[view])
            self._step(f"replaced {view}")
        for folder in {path.parent for path, _ in temporary.values()}:
            sync_folder(folder)
        self._step("names on the disk")

    def _known(self) -> dict[str, KnownFile]:
        return known_files(self._link, self._names, self._paths)

    def _write_manifest(self) -> None:
        with self._mutex:
            due, rev = self._due_manifest(), journal.revision(self._link)
        if due and read_manifest(self._folder.parent) != due:
            export.write_manifest(self._folder, rev, due)
            self._step("manifest written")

    def _due_manifest(self) -> dict[str, Written]:
        return {view: Written(*file[:3]) for view, file in self._known().items() if file.sha256}


def _keypoints(path: Path) -> tuple[str, ...]:
    try:
        return read_header(path).names
    except DataError:  # said when the file is read
        return ()

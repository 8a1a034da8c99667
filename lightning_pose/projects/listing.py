"""Folders listed with the times of their files, and listed again only once something in them has changed."""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

SETTLED_NS = 2_000_000_000  # age from which the time of a folder tells its states apart


class Listing:
    """What lay in a folder; hidden names are left out.

    Attributes:
        folder: where.
        files: names of the files that were asked for.
        folders: names, in order.
    """

    def __init__(self, folder: Path, files: Iterable[str], folders: Iterable[str]) -> None:
        self.folder, self.files, self.folders = folder, frozenset(files), tuple(sorted(folders))
        self._times: dict[str, float] = {}

    def time(self, name: str) -> float | None:
        """Return when a file was written, Unix seconds, asked of the disk once; None where it is gone."""
        found = self._times.get(name)
        if found is None:
            found = changed_at(f"{self.folder}/{name}")
            if found is not None:
                self._times[name] = found
        return found


class Listings:
    """Remembers what lies in folders.

    A file that is replaced, comes or goes changes the time of its folder; one that a program writes into in
    place does not, and is seen with the next change beside it. All that we write is put in place whole.
    """

    def __init__(self) -> None:
        self._known: dict[Path, tuple[int, Listing]] = {}

    def of(self, folder: Path, wanted: Callable[[str], bool]) -> Listing:
        """List a folder; one that is not there, or may not be read, has nothing in it.

        Args:
            folder: to be listed.
            wanted: by name, whether a file is asked for; always the same for a folder.
        """
        try:
            changed = folder.stat().st_mtime_ns  # before it is listed: what comes meanwhile changes it again
            known = self._known.get(folder)
            if known is not None and known[0] == changed:
                return known[1]
            listing = _scan(folder, wanted)
        except OSError:
            return Listing(folder, (), ())
        if time.time_ns() - changed > SETTLED_NS:
            self._known[folder] = (changed, listing)
        return listing


def changed_at(path: str | Path) -> float | None:
    """Return when a file was changed last, Unix seconds; None where there is none."""
    try:
        return os.stat(path).st_mtime  # noqa: PTH116, called ten thousands of times
    except OSError:
        return None


def _scan(folder: Path, wanted: Callable[[str], bool]) -> Listing:
    files, folders = [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.startswith("."):
                continue
            if wanted(name):
                files.append(name)
            elif entry.is_dir(follow_symlinks=False):
                folders.append(name)
    return Listing(folder, files, folders)

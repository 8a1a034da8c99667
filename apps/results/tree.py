"""The files below a folder, listed again only where something came or went."""

import os
import threading
import time
from pathlib import Path
from typing import NamedTuple

from lightning_pose.core.naming import IMAGE_FOLDER

SETTLED_NS = 2_000_000_000  # age from which the time stamp of a folder tells its states apart
SKIPPED = (IMAGE_FOLDER, "__pycache__", "checkpoints")  # thousands of files, none of them looked for


class Listing(NamedTuple):
    """The entries of one folder, in order of name.

    Attributes:
        files: names of files, and of links to files that lie below the root as well.
        folders: names of folders below; links to folders are not followed.
        astray: names of links that lead out of the root.
    """

    files: tuple[str, ...]
    folders: tuple[str, ...]
    astray: tuple[str, ...]


class Tree:
    """What lies below a folder. Looking again costs one `stat` per folder; hidden ones are left out."""

    def __init__(self, root: Path) -> None:
        """Remember where to look; nothing is read yet."""
        self.root = root.resolve()
        self._known: dict[str, tuple[int, Listing]] = {}
        self._lock = threading.Lock()
        self.revision = 0

    def look(self) -> dict[str, Listing]:
        """Return folder (relative, "" for the root) to what is in it; the same objects where nothing changed.

        `revision` has grown when something did.
        """
        with self._lock:
            found: dict[str, tuple[int, Listing]] = {}
            todo = [""]
            while todo:
                folder = todo.pop()
                entry = self._entry(folder)
                if entry is not None:
                    found[folder] = entry
                    todo += [f"{folder}/{name}" if folder else name for name in reversed(entry[1].folders)]
            if {name: one for name, (_, one) in found.items()} != {
                name: one for name, (_, one) in self._known.items()
            }:
                self.revision += 1
            self._known = found
            return {name: listing for name, (_, listing) in found.items()}

    def _entry(self, folder: str) -> tuple[int, Listing] | None:
        """Return the listing of a folder with the time stamp it is good for: 0 while that may come again."""
        place = self.root / folder
        try:
            changed = place.stat().st_mtime_ns
            known = self._known.get(folder)
            if known is not None and known[0] == changed:
                return known
            listing = self._list(place)
        except OSError:  # gone in between, or not ours to read
            return None
        settled = time.time_ns() - changed > SETTLED_NS
        if known is not None and known[1] == listing:
            listing = known[1]
        return changed if settled else 0, listing

    def _list(self, place: Path) -> Listing:
        files, folders, astray = [], [], []
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in SKIPPED:
                        folders.append(entry.name)
                elif entry.is_symlink():
                    target = Path(entry.path).resolve()
                    if target.is_file():
                        (files if target.is_relative_to(self.root) else astray).append(entry.name)
                elif entry.is_file():
                    files.append(entry.name)
        return Listing(tuple(sorted(files)), tuple(sorted(folders)), tuple(sorted(astray)))

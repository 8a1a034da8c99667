"""How much room a project takes on the disk, and what takes it."""

import os
import threading
from pathlib import Path
from typing import Literal

What = Literal["recordings", "images", "networks", "predictions", "labeled videos", "the rest"]

_FOLDERS: dict[str, What] = {
    "videos": "recordings",
    "videos_test": "recordings",
    "proxies": "recordings",
    "labeled-data": "images",
    "tb_logs": "networks",
    "video_preds": "predictions",
    "video_preds_3d": "predictions",
    "video_preds_smoothed": "predictions",
    "image_preds": "predictions",
    "labeled_videos": "labeled videos",
}


def space_used(folder: Path) -> dict[What, int]:
    """Return the bytes that the files of a folder take, by what they are; links are not followed.

    Files that are named twice are counted once. A folder that may not be read counts as empty.
    """
    used: dict[What, int] = {}
    seen: set[tuple[int, int]] = set()
    waiting: list[tuple[str, What]] = [(str(folder), "the rest")]
    while waiting:
        place, what = waiting.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append((entry.path, _FOLDERS.get(entry.name, what)))
                    elif entry.is_file(follow_symlinks=False):
                        stat = entry.stat(follow_symlinks=False)
                        if stat.st_nlink == 1 or (stat.st_dev, stat.st_ino) not in seen:
                            seen.add((stat.st_dev, stat.st_ino))
                            used[what] = used.get(what, 0) + stat.st_size
        except OSError:
            continue
    return used


class Meter:
    """Measures a folder in a thread: hundreds of thousands of files take a while."""

    def __init__(self, folder: Path) -> None:
        self.used: dict[What, int] | None = None
        self._folder = folder
        self._thread = threading.Thread(target=self._measure, daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> dict[What, int] | None:
        """Return what takes how much, if it is known within some time."""
        self._thread.join(seconds)
        return self.used

    def _measure(self) -> None:
        self.used = space_used(self._folder)


def in_units(count: float) -> str:
    """Return bytes as people say them: 312 MB, 1.4 TB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if count >= 10 or unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"

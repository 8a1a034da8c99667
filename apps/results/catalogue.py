"""The sessions of a project and what was predicted and smoothed of each, found by the names of files."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from apps.results.sources import Kind, Session, Source
from apps.results.tree import Listing
from lightning_pose.core.errors import DataError
from lightning_pose.core.naming import find_view, parse_stem, split_seed
from lightning_pose.core.project import VIDEO_FOLDER, VIDEO_SUFFIXES
from lightning_pose.frames.files import ENSEMBLE_WORLD, METRICS, PREDICTIONS, SMOOTHED, WORLD

MEDIAN, SMOOTH = "ensemble median", "smoothed"
TRUTH, ERROR = "truth", "_reprojection_error"
_NOT_POSES = (*(f"_{name}" for name in METRICS), "_pca_error", "_error")
_HEADS, _TAIL, _RECORD = ("multicam_", "eks_"), "_results", "multicam_results.json"


class Catalogue:
    """The sessions below a folder. Filled once; `apps.state` keeps it until something comes or goes.

    Attributes:
        sessions: in order of name.
        notes: the files that are not shown, and why.
    """

    def __init__(
        self,
        root: Path,
        home: Path,
        views: tuple[str, ...],
        listings: Mapping[str, Listing],
        summary: Mapping[str, Any] | None = None,
    ) -> None:
        """Sort the files of a folder.

        Args:
            root: the folder, resolved.
            home: the project's, in it or the same.
            views: of the project.
            listings: what lies in it, see `Tree`.
            summary: what a demo says of itself.
        """
        self.root, self.home, self.views = root, home, views
        self.notes: list[str] = []
        self.sessions: dict[str, Session] = {}
        self._summary = summary
        prefix = "" if home == root else home.relative_to(root).as_posix() + "/"
        for folder, listing in listings.items():
            where = f"{folder}/" if folder else ""
            self.notes += [
                f"{where}{name}: leads out of the folder, so it is not shown" for name in listing.astray
            ]
        for folder in sorted(
            listings
        ):  # `videos` comes before `videos_test`, whose recordings are there to be judged
            if folder.startswith(f"{prefix}{VIDEO_FOLDER}") and "/" not in folder.removeprefix(prefix):
                self._add_videos(listings[folder], folder)
        smoothed = []
        for folder, listing in listings.items():
            name = folder.rpartition("/")[2]
            if name in (PREDICTIONS, ENSEMBLE_WORLD):
                self._add_predictions(folder, listing)
            elif _is_smoothed(folder, listing):
                smoothed.append(folder)
        self._add_truth(listings.get(f"{prefix}{TRUTH}"), f"{prefix}{TRUTH}")
        for folder in smoothed:  # once the sessions are known
            self._add_smoothed(folder, listings[folder])
        self.sessions = dict(sorted(self.sessions.items()))
        order = {view: place for place, view in enumerate(views)}
        for session in self.sessions.values():
            session.videos = _ordered(session.videos, order)
            session.sources = {name: source for name, source in session.sources.items() if source.tables}
            for source in session.sources.values():
                source.views, source.errors = _ordered(source.views, order), _ordered(source.errors, order)

    def _session(self, name: str) -> Session:
        if name not in self.sessions:
            self.sessions[name] = Session(name, self.home)
        return self.sessions[name]

    def _source(self, session: str, name: str, kind: Kind = "network") -> Source:
        sources = self._session(session).sources
        if name not in sources:
            sources[name] = Source(name, kind)
        return sources[name]

    def _add_videos(self, listing: Listing, folder: str) -> None:
        """Sort recordings by session and view."""
        base = self.root / folder
        for name in listing.files:
            if _suffix(name) in VIDEO_SUFFIXES:
                found = self._parsed(f"{folder}/{name}", _stem(name), anywhere=False)
                if found is not None:
                    self._session(found[0]).videos.setdefault(found[1], base / name)

    def _add_predictions(self, folder: str, listing: Listing) -> None:
        """Sort the tables of predictions by model, seed, session and view."""
        model, _, place = folder.rpartition("/")
        model, base = model or ".", self.root / folder
        for name in _tables(listing):
            stem, path = _stem(name), base / name
            world = stem.endswith(WORLD)
            owner = model if place == PREDICTIONS else f"{model} · {MEDIAN}"
            if stem.endswith(ERROR):
                self._add_error(owner, stem, path)
            elif stem.endswith(_NOT_POSES):
                continue
            elif world:
                self._source(stem.removesuffix(WORLD), owner).world = path
            elif place == PREDICTIONS:
                bare, seed = split_seed(stem)
                found = self._parsed(f"{folder}/{name}", bare)
                if found is not None:
                    owner = model if seed is None else f"{model} · seed {seed}"
                    self._source(found[0], owner).views[found[1]] = path

    def _add_error(self, owner: str, stem: str, path: Path) -> None:
        """Add the reprojection errors of one view; the mean of all views has none in its name."""
        with contextlib.suppress(DataError):
            session, view = _split(stem.removesuffix(ERROR), self.views)
            if view or not self.views:
                self._source(session, owner).errors[view] = path

    def _add_truth(self, listing: Listing | None, folder: str) -> None:
        """Add the true points of sessions that are known; a rendered world leaves them."""
        for name in _tables(listing) if listing else ():
            session = _stem(name).removesuffix(WORLD)
            if _stem(name).endswith(WORLD) and session in self.sessions:
                self._source(session, TRUTH, "truth").world = self.root / folder / name

    def _add_smoothed(self, folder: str, listing: Listing) -> None:
        """Sort the smoother's tables, whose names say the view but not the session, by folder."""
        session = self._smoothed_session(folder, listing)
        tables = [name for name in _tables(listing) if not _stem(name).endswith(_NOT_POSES)]
        if session is None:
            self.notes += [f"{folder}/{name}: cannot tell which session it is of" for name in tables]
            return
        name, base = _smoothed_name(folder, session), self.root / folder
        for table in tables:
            stem, path = _stem(table).removesuffix(_TAIL), base / table
            if stem.endswith(WORLD):
                self._source(session, name, "smoother").world = path
                continue
            try:
                view = _split(stem, self.views)[1]
            except DataError as error:
                self.notes.append(f"{folder}/{table}: {error}")
                continue
            self._source(session, name, "smoother").views.setdefault(view, path)

    def _smoothed_session(self, folder: str, listing: Listing) -> str | None:
        """Return the session that a folder of smoothed results is of.

        A folder of `video_preds_smoothed` is named after it. Elsewhere the smoother's record names the tables
        that it read; without it the folder may be named after the session; a demo says it in its summary;
        else it is the only one predicted.
        """
        parts = folder.split("/")
        if len(parts) > 1 and parts[-2] == SMOOTHED:
            return parts[-1]
        for record in sorted(
            {_RECORD, *(f"{_stem(name)}.json" for name in _tables(listing))}.intersection(listing.files)
        ):
            path = self.root / folder / record
            for stem in _recorded(path, path.stat().st_mtime_ns):
                with contextlib.suppress(DataError):  # named by hand: one of the other ways may tell
                    return _split(stem, self.views)[0]
        named = [part for part in reversed(parts) if part in self.sessions]
        if named:
            return named[0]
        if self._summary is not None and "session" in self._summary:
            return str(self._summary["session"])
        predicted = [name for name, session in self.sessions.items() if session.sources]
        return predicted[0] if len(predicted) == 1 else None

    def _parsed(self, path: str, stem: str, *, anywhere: bool = True) -> tuple[str, str] | None:
        """Split a stem into session and view, or note that it cannot be done."""
        try:
            found = _split(stem, self.views) if anywhere else parse_stem(stem, self.views)
        except DataError as error:
            self.notes.append(f"{path}: {error}")
            return None
        if not found[0]:
            self.notes.append(f"{path}: names no session: expected <session>_<view>")
            return None
        return found


def _is_smoothed(folder: str, listing: Listing) -> bool:
    """Return whether a folder holds what the smoother writes."""
    parts = folder.split("/")
    if len(parts) > 1 and parts[-2] == SMOOTHED:
        return any(_tables(listing))
    return any(name.startswith(_HEADS) for name in _tables(listing))


def _smoothed_name(folder: str, session: str) -> str:
    """Return the name of the smoother's results, without the session's part."""
    parts = folder.split("/")
    if parts[-1] == session and len(parts) > 1:
        parts.pop()
    if parts[-1] == SMOOTHED:
        return f"{'/'.join(parts[:-1]) or '.'} · {SMOOTH}"
    return "/".join(parts)


def _tables(listing: Listing) -> Iterator[str]:
    return (name for name in listing.files if name.endswith(".csv"))


def _stem(name: str) -> str:
    return name.rpartition(".")[0]


def _suffix(name: str) -> str:
    return f".{name.rpartition('.')[2].lower()}"


def _ordered(paths: dict[str, Path], order: Mapping[str, int]) -> dict[str, Path]:
    return dict(sorted(paths.items(), key=lambda item: order.get(item[0], len(order))))


@lru_cache(maxsize=1 << 18)
def _split(stem: str, views: tuple[str, ...]) -> tuple[str, str]:
    """Return `find_view` of a stem; remembered, since a project may have a hundred thousand tables."""
    return find_view(stem, views)


@lru_cache(maxsize=4096)
def _recorded(path: Path, changed: int) -> tuple[str, ...]:
    """Return the stems of the tables that a run of the smoother read; `changed` tells its states apart."""
    try:
        files = json.loads(path.read_text(encoding="utf-8"))["files"].values()
        return tuple(split_seed(Path(table).stem)[0] for tables in files for table in tables)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ()

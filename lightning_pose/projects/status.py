"""What is done in a project: which sessions each model has predicted, and which of these are smoothed.

Names and times of files decide; no table and no video is opened, so that a project of 1000 sessions and 20
models is known in less than a second, and known again in a fraction of it: see `listing`.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml

from lightning_pose.core.errors import DataError
from lightning_pose.core.naming import parse_stem, split_seed
from lightning_pose.core.project import PROJECT_FILE, VIDEO_FOLDER, VIDEO_SUFFIXES, Project, open_project
from lightning_pose.projects.listing import Listing, Listings, changed_at
from lightning_pose.projects.smoothed import RECORD, SMOOTHED, Elsewhere, read_elsewhere, smoothed_at

CONFIG, ENSEMBLE, LOGS = "config.yaml", "ensemble.yaml", "tb_logs"
PREDICTIONS = "video_preds"
DEPTH = 4  # folders below the first in which models are looked for
_METRICS = ("_temporal_norm.csv", "_error.csv", "_3d.csv")
_NO_MODELS = ("labeled-data", "image_preds", "reports", "extracted", "calibrations", "truth", "tb_logs")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Predicted = Literal["missing", "partial", "done", "older than the model", "older than the video"]
Smoothed = Literal["missing", "older", "done"]


class Recording(NamedTuple):
    """A session: its videos by view, and when the youngest of them was written (Unix seconds)."""

    name: str
    videos: dict[str, Path]
    changed: float


class Model(NamedTuple):
    """A folder that holds predictions, or what can make them.

    Attributes:
        folder: where it is.
        name: where it is below the folder that was looked through.
        members: of an ensemble, such as `rng=0`; one empty name otherwise.
        views: those that it was trained for; None where that is not known.
        trained: when the youngest weights were written, Unix seconds; None where they are not (all) there.
    """

    folder: Path
    name: str
    members: tuple[str, ...]
    views: tuple[str, ...] | None
    trained: float | None

    @property
    def is_ensemble(self) -> bool:
        """Whether its tables name a member."""
        return self.members != ("",)

    @property
    def networks(self) -> list[Path]:
        """Folders of its networks."""
        return [self.folder / member for member in self.members]

    def tables(self, session: Recording, view: str) -> list[str]:
        """Return the names of the tables that hold the predictions of a video."""
        if not self.is_ensemble:
            return [f"{session.videos[view].stem}.csv"]
        stem = "_".join(filter(None, (session.name, view)))
        return [f"{stem}_{member}.csv" if stem else f"{member}.csv" for member in self.members]

    def sees(self, session: Recording) -> list[str]:
        """Return the views of a session that it predicts."""
        return [view for view in session.videos if self.views is None or view in self.views]


class Done(NamedTuple):
    """What a model has made of a session.

    Attributes:
        predicted: whether there is a table of every view and member, and whether it is of now.
        views: of which all tables are there.
        expected: views that should be predicted.
        made: when the oldest table was written, Unix seconds.
        smoothed: whether the smoother has been through these predictions.
    """

    predicted: Predicted
    views: int
    expected: int
    made: float | None
    smoothed: Smoothed


class Status(NamedTuple):
    """What is done in a project.

    Attributes:
        root: the folder that was looked through.
        project: what its files say.
        sessions: by name.
        models: the one trained last first, those without weights at the end.
        done: model to session to what is there; sessions of which the model sees no view are left out.
        notes: videos that belong to no view, in words.
    """

    root: Path
    project: Project
    sessions: dict[str, Recording]
    models: list[Model]
    done: dict[str, dict[str, Done]]
    notes: list[str]


class Survey:
    """Looks through a project folder, or one that `litpose demo` filled, as often as it is asked to."""

    def __init__(self, root: Path | str) -> None:
        """Remember the folder; nothing is read yet."""
        self.root = Path(root).resolve()
        self._listings = Listings()
        self._sorted: tuple[list[Listing], tuple[str, ...], dict[str, Recording], list[str]] | None = None

    def look(self) -> Status:
        """Return what is done now.

        Raises:
            DataError: when neither the folder nor its `project/` is a project.
        """
        nested = self.root / "project"
        is_outside = not (self.root / PROJECT_FILE).is_file() and nested.is_dir()
        project = open_project(nested if is_outside else self.root)
        sessions, notes = self._sessions(project)
        smoothed: list[Path] = []
        folders = list(self._folders(self.root, DEPTH, smoothed))
        models = sorted((self._model(folder) for folder in folders), key=lambda one: -(one.trained or 0.0))
        elsewhere = [
            found for path in smoothed if (found := read_elsewhere(path, changed_at(path))) is not None
        ]
        done = {model.name: self._done(model, sessions, elsewhere) for model in models}
        return Status(self.root, project, sessions, models, done, notes)

    def _sessions(self, project: Project) -> tuple[dict[str, Recording], list[str]]:
        """Sort the videos of the project; those of `videos_test` and the like are sessions as well."""
        inside = self._listings.of(project.folder, lambda name: False).folders
        folders = [project.folder / name for name in inside if name.startswith(VIDEO_FOLDER)]
        listings = [self._listings.of(folder, _is_video) for folder in folders]
        known = self._sorted
        if known is not None and known[1] == project.view_names and known[0] == listings:
            return known[2], known[3]
        found: dict[str, dict[str, Path]] = {}
        changed: dict[str, float] = {}
        notes = []
        for folder, listing in zip(folders, listings, strict=True):
            for name in sorted(listing.files):
                time = listing.time(name)
                if time is None:  # a link to nothing, or gone since
                    continue
                try:
                    session, view = parse_stem(name.rpartition(".")[0], project.view_names)
                except DataError as error:
                    notes.append(f"{name}: {error}")
                    continue
                found.setdefault(session, {})[view] = folder / name
                changed[session] = max(changed.get(session, time), time)
        order = {view: place for place, view in enumerate(project.view_names)}
        sessions = {
            name: Recording(
                name, dict(sorted(videos.items(), key=lambda one: order.get(one[0], 0))), changed[name]
            )
            for name, videos in sorted(found.items())
        }
        self._sorted = (listings, project.view_names, sessions, notes)
        return sessions, notes

    def _folders(self, folder: Path, depth: int, smoothed: list[Path]) -> Iterator[Path]:
        """Yield the folders of models, and collect the smoother's records that lie elsewhere."""
        listing = self._listings.of(folder, lambda name: name in (CONFIG, ENSEMBLE, RECORD))
        if RECORD in listing.files:
            smoothed.append(folder / RECORD)
        whole = ENSEMBLE in listing.files or (CONFIG in listing.files and LOGS in listing.folders)
        if whole or PREDICTIONS in listing.folders:
            yield folder
        if whole or not depth:
            return
        for name in listing.folders:
            if name not in _NO_MODELS and not name.startswith((VIDEO_FOLDER, PREDICTIONS)):
                yield from self._folders(folder / name, depth - 1, smoothed)

    def _model(self, folder: Path) -> Model:
        """Describe the model of a folder."""
        name = folder.relative_to(self.root).as_posix()
        members = _ensemble(folder)
        if not members:
            tables = self._listings.of(folder / PREDICTIONS, _is_table).files
            seeds = {split_seed(table.removesuffix(".csv")) for table in tables}
            is_single = (folder / CONFIG).is_file() or not any(seed is not None for _, seed in seeds)
            members = ("",) if is_single else tuple(sorted({_member(table) for table in tables} - {""}))
        networks = [folder / member for member in members]
        times = [_weights(network) for network in networks]
        trained = None if None in times else max(time for time in times if time is not None)
        config = networks[0] / CONFIG
        return Model(folder, name, members, _views(config, changed_at(config)), trained)

    def _done(
        self, model: Model, sessions: Mapping[str, Recording], elsewhere: Sequence[Elsewhere]
    ) -> dict[str, Done]:
        """Return what a model has made of every session."""
        listing = self._listings.of(model.folder / PREDICTIONS, _is_table)
        place = model.folder / SMOOTHED
        smoothed = set(self._listings.of(place, lambda name: False).folders)
        found = {}
        for name, session in sessions.items():
            views = model.sees(session)
            if not views:
                continue
            folder = name or "session"
            tables = [model.tables(session, view) for view in views]
            at = smoothed_at(f"{place}/{folder}", views) if folder in smoothed else None
            if at is None:
                at = next((one.at for one in elsewhere if one.has(model.folder.name, tables[0][0])), None)
            found[name] = _compare(model, session, listing, tables, at)
        return found


def _compare(
    model: Model, session: Recording, listing: Listing, tables: Sequence[Sequence[str]],
    smoothed_at: float | None,
) -> Done:  # fmt: skip
    """Return what the tables of a session are; they appear together, so the first and the last give times."""
    there = [name for names in tables for name in names if name in listing.files]
    whole = sum(listing.files.issuperset(names) for names in tables)
    times = [time for name in there[:1] + there[-1:] if (time := listing.time(name)) is not None]
    made = min(times, default=None)
    predicted: Predicted = "done"
    if made is None or whole < len(tables):
        begun = there or f"{session.name or 'session'}.partial" in listing.files
        predicted = "partial" if begun else "missing"
    elif model.trained is not None and made < model.trained:
        predicted = "older than the model"
    elif made < session.changed:
        predicted = "older than the video"
    smoothed: Smoothed = "missing"
    if smoothed_at is not None:
        smoothed = "older" if smoothed_at < max(times, default=smoothed_at) else "done"
    return Done(predicted, whole, len(tables), made, smoothed)


def _is_video(name: str) -> bool:
    return name.lower().endswith(VIDEO_SUFFIXES)


def _is_table(name: str) -> bool:
    return (name.endswith(".csv") and not name.endswith(_METRICS)) or name.endswith(".partial")


def _member(table: str) -> str:
    """Return what names the member at the end of a table's name, such as `rng=0`."""
    stem = table.removesuffix(".csv")
    return stem[len(split_seed(stem)[0]) :].lstrip("_.-")


def _ensemble(folder: Path) -> tuple[str, ...]:
    """Return the members that `ensemble.yaml` names; none where it is not there or says something else."""
    try:
        record = yaml.load((folder / ENSEMBLE).read_text(encoding="utf-8"), _Loader)
        return tuple(str(name) for name in record["members"])
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError):
        return ()


def _weights(network: Path) -> float | None:
    """Return when the weights were written that a network predicts with: the best, else the last."""
    found = list(network.glob(f"{LOGS}/*/version_*/checkpoints/*.ckpt"))
    best = [path for path in found if path.name.endswith("-best.ckpt")]
    times = [changed_at(path) for path in best or [path for path in found if path.name == "last.ckpt"]]
    return max((time for time in times if time is not None), default=None)


@lru_cache(maxsize=512)
def _views(config: Path, changed: float | None) -> tuple[str, ...] | None:
    """Return the views of a model's configuration; `changed` tells its states apart."""
    try:
        names = yaml.load(config.read_text(encoding="utf-8"), _Loader)["data"]["view_names"]
        return tuple(map(str, names)) if names else None
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError):
        return None

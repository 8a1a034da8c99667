"""The files of one session: predictions of a model or an ensemble, their metrics, the smoother's tables."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from glob import escape
from pathlib import Path

from lightning_pose.core.errors import DataError
from lightning_pose.core.naming import find_view, split_seed

PREDICTIONS, ENSEMBLE_WORLD, SMOOTHED = "video_preds", "video_preds_3d", "video_preds_smoothed"
METRICS = (
    "temporal_norm",
    "pca_singleview_error",
    "pca_multiview_error",
    "reprojection_error",
    "pixel_error",
)
WORLD = "_3d"
SMOOTHER_HEADS = ("multicam_", "singlecam_", "eks_")  # of the names of the smoother's tables
REPORTS = "reports"


@dataclass(frozen=True)
class SessionFiles:
    """What there is on disk of one session; all but the predictions may be missing.

    Attributes:
        name: of the session; empty where names of files say none.
        predictions: view to the tables of the members of an ensemble, or the one of a single model.
        metrics: kind of metric, such as `reprojection_error`, to view to tables (of every member).
        world: table of world points.
        smoothed: view to the smoother's table.
        records: the smoother's `.json`: one, or one of every view.
        videos: view to video.
        reports: folder of pages and rankings; in that of the model, of the tables, or of the smoother.
        member: seed of the one network of an ensemble that this is about; None for all there are.
    """

    name: str
    predictions: Mapping[str, Sequence[Path]]
    metrics: Mapping[str, Mapping[str, Sequence[Path]]] = field(default_factory=dict)
    world: Path | None = None
    smoothed: Mapping[str, Path] = field(default_factory=dict)
    records: Sequence[Path] = ()
    videos: Mapping[str, Path] = field(default_factory=dict)
    reports: Path | None = None
    member: int | None = None

    @property
    def stem(self) -> str:
        """What its page and its ranking are called."""
        return (self.name or "session") + ("" if self.member is None else f"_rng={self.member}")

    @property
    def ranking(self) -> Path | None:
        """Where the ranking of its frames is kept; it need not be there."""
        return None if self.reports is None else self.reports / f"{self.stem}.json"

    @property
    def used(self) -> list[Path]:
        """Every file that frames are judged by."""
        metrics = [path for views in self.used_metrics.values() for paths in views.values() for path in paths]
        tables = [path for paths in self.predictions.values() for path in paths]
        world = [] if self.world is None else [self.world]
        return sorted({*tables, *metrics, *self.smoothed.values(), *self.records, *world})

    @property
    def views(self) -> tuple[str, ...]:
        """Views in order; one empty name for a single view."""
        return tuple(self.predictions)

    @property
    def used_metrics(self) -> dict[str, Mapping[str, Sequence[Path]]]:
        """The metrics that frames are judged by; the others follow from the predictions."""
        return {
            kind: {view: paths for view, paths in views.items() if view in self.predictions}
            for kind, views in self.metrics.items()
            if kind.startswith("pca") or kind == "reprojection_error"
        }


def find_files(
    folder: Path | str,
    views: Sequence[str],
    *,
    session: str | None = None,
    member: int | None = None,
    smoothed: Path | str | None = None,
    videos: Mapping[str, Mapping[str, Path]] | None = None,
) -> dict[str, SessionFiles]:
    """Find the predictions of all sessions of a model, and what belongs to them.

    A smoother's folder stands for the predictions that it was made from, with what the smoother says of
    them; where those are gone, for its own tables.

    Args:
        folder: of a model (with `video_preds` in it), of the tables themselves, or a smoother's.
        views: in order; none, or one empty name, for a single view.
        session: look for this one only.
        member: seed of one network of an ensemble, which is then looked at by itself: without what comes of
            all of them, which are world points, their reprojection errors, and the smoother.
        smoothed: output folder of `eks` of one of the sessions; by default
            `video_preds_smoothed/<session>` beside the predictions, if there is one.
        videos: session to view to video.

    Returns:
        Session to its files, in order of name. A session that lacks the predictions of a view is left out.

    Raises:
        DataError: when there are no predictions of all views of any session.
    """
    folder, views = Path(folder), tuple(views) or ("",)
    if is_smoothed(folder):
        own = _inputs_of(folder, views, session)
        return {own.name: replace(own, videos=dict((videos or {}).get(own.name, {})))}
    home = folder / PREDICTIONS if (folder / PREDICTIONS).is_dir() else folder
    model = home.parent if home.name == PREDICTIONS else home
    if home == folder and any(next(folder.glob(p), None) for p in ("config.yaml", "*/config.yaml")):
        raise DataError(f"{folder}: this model has not predicted any video: litpose predict {folder} VIDEOS")
    tables, metrics, worlds = _sorted(home, views, session, member)
    if session is not None and session not in tables:  # its name may be around that of the view
        tables, metrics, worlds = _sorted(home, views, None, member)
        tables = {name: group for name, group in tables.items() if name == session}
    of = find_smoothed(Path(smoothed), views) if smoothed is not None else ({}, [], "")
    found = {}
    for name, group in sorted(tables.items()):
        if any(view not in group for view in views) or session not in (None, name):
            continue
        own = of if of[2] in ("", name) or len(tables) == 1 else ({}, [], "")
        beside = model / SMOOTHED / (name or "session")
        if not own[0] and member is None and any(beside.glob("*.csv")):  # none where the smoother failed
            own = find_smoothed(beside, views)
        found[name] = SessionFiles(
            name,
            {view: group[view] for view in views},
            metrics.get(name, {}),
            worlds.get(name or "session"),
            own[0],
            own[1],
            dict((videos or {}).get(name, {})),
            (Path(smoothed) if smoothed is not None and own is of else model) / REPORTS,
            member,
        )
    if not found:
        listed = f" of every view ({', '.join(views)})" if any(views) else ""
        of_which = f" of session '{session}'" if session is not None else ""
        raise DataError(
            f"{home}: expected predictions of videos{of_which}{listed}, such as litpose predict writes them"
        )
    return found


_Tables = dict[str, dict[str, list[Path]]]  # session to view to tables


def _sorted(
    home: Path, views: tuple[str, ...], session: str | None, member: int | None
) -> tuple[_Tables, dict[str, dict[str, dict[str, list[Path]]]], dict[str, Path]]:
    """Return the predictions, the metrics by kind, and the world points of sessions, told by their names."""
    tables: _Tables = {}
    metrics: dict[str, dict[str, dict[str, list[Path]]]] = {}
    worlds: dict[str, Path] = {}
    aside = [home / "metrics", home.parent / ENSEMBLE_WORLD] if home.name == PREDICTIONS else []
    pattern = "*.csv" if session is None else f"{escape(session)}*.csv"
    for path in sorted(file for place in (home, *aside) for file in place.glob(pattern)):
        stem, metric = _metric(path.stem)
        if stem.endswith(WORLD) and metric is None:
            if member is None:
                worlds[stem.removesuffix(WORLD)] = path
            continue
        try:
            name, view = _names(stem, views)
        except DataError:  # the mean of all views, or a table of something else
            continue
        if member is not None and member not in _seeds(stem, views):
            continue
        if metric is not None:
            metrics.setdefault(name, {}).setdefault(metric, {}).setdefault(view, []).append(path)
        elif path.parent == home:
            tables.setdefault(name, {}).setdefault(view, []).append(path)
    return tables, metrics, worlds


def _metric(stem: str) -> tuple[str, str | None]:
    """Split the name of a metric off a stem."""
    kind = next((name for name in METRICS if stem.endswith(f"_{name}")), None)
    return (stem, None) if kind is None else (stem.removesuffix(f"_{kind}"), kind)


def find_smoothed(folder: Path, views: Sequence[str]) -> tuple[dict[str, Path], list[Path], str]:
    """Return the smoother's table of every view, its records, and the session that they name.

    Raises:
        DataError: when the folder has no table of any view.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.glob("*.csv")):
        stem = path.stem.removesuffix("_results")
        if stem.endswith(WORLD):
            continue
        try:
            found.setdefault(find_view(stem, views)[1], path)
        except DataError:
            continue
    if not found:
        raise DataError(f"{folder}: expected the tables of eks, one of every view")
    records = sorted(folder.glob("*.json"))
    read = next((path for paths in _recorded(records, views).values() for path in paths), None)
    session = "" if read is None else _names(read.stem, views)[0]
    return found, records, session


def is_smoothed(folder: Path) -> bool:
    """Return whether a folder holds what the smoother writes."""
    patterns = ["*.csv"] if folder.parent.name == SMOOTHED else [f"{head}*.csv" for head in SMOOTHER_HEADS]
    return any(next(folder.glob(pattern), None) for pattern in patterns)


def _inputs_of(folder: Path, views: tuple[str, ...], session: str | None) -> SessionFiles:
    """Return the predictions that a smoother was given, with what it says of them; see `find_files`.

    Raises:
        DataError: when the folder has no table of any view.
    """
    smoothed, records, name = find_smoothed(folder, views)
    own = SessionFiles(
        session or name, {view: [path] for view, path in smoothed.items()}, reports=folder / REPORTS
    )
    if folder.parent.name == SMOOTHED:
        model = folder.parent.parent
        name = session if session is not None else folder.name
        return find_files(model, views, session=name).get(name, own) if model.is_dir() else own
    tables = _recorded(records, views)
    tables = {view: [path for path in tables.get(view, ()) if path.is_file()] for view in views}
    if not all(tables.values()):
        return own
    files = replace(own, predictions=tables, smoothed=smoothed, records=records)
    try:
        model = find_files(tables[views[0]][0].parent, views, session=files.name)[files.name]
    except (DataError, KeyError):
        return files
    return replace(files, metrics=model.metrics, world=model.world)


def _recorded(records: Sequence[Path], views: Sequence[str]) -> dict[str, list[Path]]:
    """Return view to the tables that the smoother's records say it has read, wherever it was started."""
    found: dict[str, list[Path]] = {}
    for record in records:
        try:
            files = json.loads(record.read_text(encoding="utf-8"))["files"].values()
            for path in (Path(name) for names in files for name in names):
                places = (parent / path for parent in record.parents)
                there = next((place for place in places if place.is_file()), path)
                found.setdefault(_names(path.stem, views)[1], []).append(there)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, DataError):
            continue  # a record of something else: the tables alone will do
    return found


def _seeds(stem: str, views: Sequence[str]) -> tuple[int | None, int | None]:
    """Return the seed at the end of a stem, and the one before its view: at most one of them is there."""
    bare, last = split_seed(stem)
    return last, split_seed(find_view(bare, views)[0])[1]


def _names(stem: str, views: Sequence[str]) -> tuple[str, str]:
    """Return session and view of a table of predictions.

    Raises:
        DataError: when it names no view.
    """
    session, view = find_view(split_seed(stem)[0], views)
    return split_seed(session)[0], view

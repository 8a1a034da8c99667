"""The files of one session: predictions of a model or an ensemble, their metrics, the smoother's tables."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class SessionFiles:
    """What there is on disk of one session; all but the predictions may be missing.

    Attributes:
        name: of the session; empty where names of files say none.
        predictions: view to the tables of the members of an ensemble, or the one of a single model.
        metrics: kind of metric, such as `reprojection_error`, to view to tables (of every member).
        world: table of world points.
        smoothed: view to the smoother's table.
        record: the smoother's `.json`.
        videos: view to video.
    """

    name: str
    predictions: Mapping[str, Sequence[Path]]
    metrics: Mapping[str, Mapping[str, Sequence[Path]]] = field(default_factory=dict)
    world: Path | None = None
    smoothed: Mapping[str, Path] = field(default_factory=dict)
    record: Path | None = None
    videos: Mapping[str, Path] = field(default_factory=dict)

    @property
    def views(self) -> tuple[str, ...]:
        """Views in order; one empty name for a single view."""
        return tuple(self.predictions)


def find_files(
    folder: Path | str,
    views: Sequence[str],
    *,
    smoothed: Path | str | None = None,
    videos: Mapping[str, Mapping[str, Path]] | None = None,
) -> dict[str, SessionFiles]:
    """Find the predictions of all sessions of a model, and what belongs to them.

    Args:
        folder: of a model (with `video_preds` in it), or of the tables themselves.
        views: in order; none, or one empty name, for a single view.
        smoothed: output folder of `eks` of one of the sessions; by default
            `video_preds_smoothed/<session>` beside the predictions, if there is one.
        videos: session to view to video.

    Returns:
        Session to its files, in order of name. A session that lacks the predictions of a view is left out.

    Raises:
        DataError: when there are no predictions of all views of any session.
    """
    folder = Path(folder)
    home = folder / PREDICTIONS if (folder / PREDICTIONS).is_dir() else folder
    if home == folder and any(next(folder.glob(p), None) for p in ("config.yaml", "*/config.yaml")):
        raise DataError(f"{folder}: this model has not predicted any video: litpose predict {folder} VIDEOS")
    views = tuple(views) or ("",)
    tables: dict[str, dict[str, list[Path]]] = {}
    metrics: dict[str, dict[str, dict[str, list[Path]]]] = {}
    worlds: dict[str, Path] = {}
    aside = [home / "metrics", home.parent / ENSEMBLE_WORLD] if home.name == PREDICTIONS else []
    for path in sorted(file for place in (home, *aside) for file in place.glob("*.csv")):
        stem, metric = _metric(path.stem)
        if stem.endswith(WORLD) and metric is None:
            worlds[stem.removesuffix(WORLD)] = path
            continue
        try:
            session, view = find_view(split_seed(stem)[0], views)
            session = split_seed(session)[0]  # the seed may stand before the view
        except DataError:  # the mean of all views, or a table of something else
            continue
        if metric is not None:
            metrics.setdefault(session, {}).setdefault(metric, {}).setdefault(view, []).append(path)
        elif path.parent == home:
            tables.setdefault(session, {}).setdefault(view, []).append(path)
    of = find_smoothed(Path(smoothed), views) if smoothed is not None else ({}, None, "")
    found = {}
    for session, group in sorted(tables.items()):
        if any(view not in group for view in views):
            continue
        own = of if of[2] in ("", session) or len(tables) == 1 else ({}, None, "")
        beside = home.parent / SMOOTHED / (session or "session")
        if not own[0] and any(beside.glob("*.csv")):  # none where the smoother failed
            own = find_smoothed(beside, views)
        found[session] = SessionFiles(
            session,
            {view: group[view] for view in views},
            metrics.get(session, {}),
            worlds.get(session or "session"),
            own[0],
            own[1],
            dict((videos or {}).get(session, {})),
        )
    if not found:
        listed = f" of every view ({', '.join(views)})" if any(views) else ""
        raise DataError(
            f"{home}: expected predictions of videos{listed}, such as litpose predict writes them"
        )
    return found


def _metric(stem: str) -> tuple[str, str | None]:
    """Split the name of a metric off a stem."""
    kind = next((name for name in METRICS if stem.endswith(f"_{name}")), None)
    return (stem, None) if kind is None else (stem.removesuffix(f"_{kind}"), kind)


def find_smoothed(folder: Path, views: Sequence[str]) -> tuple[dict[str, Path], Path | None, str]:
    """Return the smoother's table of every view, its record, and the session that the record names.

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
    record = next(iter(sorted(folder.glob("*.json"))), None)
    session = ""
    if record is not None:
        try:
            files = json.loads(record.read_text(encoding="utf-8"))["files"].values()
            session = find_view(split_seed(Path(next(iter(files))[0]).stem)[0], views)[0]
        except (ValueError, KeyError, TypeError, IndexError, DataError):
            pass  # a record of something else: the tables alone will do
    return found, record, session

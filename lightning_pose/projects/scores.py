"""How far a model is from the labels: per set, view and keypoint, and frame by frame, from its own tables."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from lightning_pose.core.errors import DataError
from lightning_pose.core.tables import Metric, read_metric_table

SUMMARY = "metrics.csv"
ALL = "all"  # views, or keypoints
SETS = ("train", "validation", "test")

Place = tuple[str, str, str]  # set, view, keypoint


class Score(NamedTuple):
    """Distances to the labels, px."""

    labels: int
    mean: float
    median: float
    p90: float


class Miss(NamedTuple):
    """One image with labels, and how far the predictions on it are from them.

    Attributes:
        image: path below the project.
        view: of the image.
        set: that it is in.
        mean: distance of all keypoints that are labeled, px.
        worst: that of the keypoint that is farthest off, px.
        keypoint: which that is.
    """

    image: str
    view: str
    set: str
    mean: float
    worst: float
    keypoint: str


def read_scores(folder: Path, views: Sequence[str]) -> dict[Place, Score]:
    """Return the scores of one network by set, view and keypoint; empty where there are none yet.

    Models of other programs have no summary: theirs are worked out from the errors of every frame.

    Args:
        folder: of the model.
        views: names; none or one empty name where there is a single view.
    """
    try:
        with (folder / SUMMARY).open(newline="", encoding="utf-8") as file:
            return {
                (row["set"], row["view"] or ALL, row["keypoint"]): Score(
                    int(row["labels"]), *(float(row[name]) for name in ("mean_px", "median_px", "p90_px"))
                )
                for row in csv.DictReader(file)
            }
    except (OSError, ValueError, KeyError, TypeError):
        return _from_frames(read_errors(folder, views))


def mean_scores(members: list[dict[Place, Score]]) -> dict[Place, Score]:
    """Return the mean over the members of an ensemble of every score that all of them have."""
    members = [scores for scores in members if scores]
    if not members:
        return {}
    common = [place for place in members[0] if all(place in scores for scores in members)]
    return {
        place: Score(
            members[0][place].labels,
            *(float(np.mean([scores[place][column] for scores in members])) for column in (1, 2, 3)),
        )
        for place in common
    }


def read_errors(folder: Path, views: Sequence[str]) -> dict[str, Metric]:
    """Return the distance (px) of every keypoint on every labeled image, by view, where there are any."""
    found = {}
    for view in views or [""]:
        stem = "_".join(filter(None, ("predictions", view)))
        try:
            found[view] = read_metric_table(folder / f"{stem}_pixel_error.csv")
        except DataError:
            continue
    return found


def worst_first(errors: dict[str, Metric], which: str = "", keypoint: str = "") -> list[Miss]:
    """Return the images with the largest errors, the worst first.

    Args:
        errors: by view, as `read_errors` returns them.
        which: set that they are in; all by default.
        keypoint: that is off; the farthest one by default.
    """
    misses = []
    for view, metric in errors.items():
        columns = [k for k, name in enumerate(metric.names) if keypoint in ("", name)]
        values = metric.values[:, columns]
        names, sets = [metric.names[k] for k in columns], metric.sets or ("",) * len(metric.frames)
        for row in np.flatnonzero(np.isfinite(values).any(axis=1)):
            if which in ("", sets[row]):
                k = int(np.nanargmax(values[row]))
                mean, worst = float(np.nanmean(values[row])), float(values[row, k])
                misses.append(Miss(str(metric.frames[row]), view, sets[row], mean, worst, names[k]))
    return sorted(misses, key=lambda miss: -miss.worst)


def _from_frames(errors: dict[str, Metric]) -> dict[Place, Score]:
    """Return scores of errors of frames."""
    sets = dict.fromkeys(name for metric in errors.values() for name in metric.sets or ())
    names = dict.fromkeys(name for metric in errors.values() for name in metric.names)
    scores = {}
    for which in sets:
        for keypoint in (*names, ALL):
            parts = {view or ALL: _part(metric, which, keypoint) for view, metric in errors.items()}
            parts[ALL] = np.concatenate(list(parts.values()))
            scores |= {(which, view, keypoint): _score(values) for view, values in parts.items()}
    return scores


def _part(metric: Metric, which: str, keypoint: str) -> Float[np.ndarray, "n"]:
    """Return the errors of a set and a keypoint, without those that are missing."""
    rows = np.array([name == which for name in metric.sets or ()], dtype=bool)
    columns = [name in (keypoint, "") or keypoint == ALL for name in metric.names]
    if not len(rows):
        return np.zeros(0)
    values = metric.values[rows][:, columns].ravel()
    return values[np.isfinite(values)]


def _score(values: Float[np.ndarray, "n"]) -> Score:
    if not len(values):
        return Score(0, math.nan, math.nan, math.nan)
    numbers = np.mean(values), np.median(values), np.percentile(values, 90)
    return Score(len(values), *map(float, numbers))

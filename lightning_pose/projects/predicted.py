"""Predictions of a model on the labeled frames, beside the labels that it was compared with."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import read_labels, read_poses
from lightning_pose.projects.models import read_config


class Pair(NamedTuple):
    """Labels and predictions of one image, px; NaN is missing."""

    labels: Float[np.ndarray, "K 2"]
    predicted: Float[np.ndarray, "K 2"]
    confidence: Float[np.ndarray, "K"]
    names: tuple[str, ...]


def pair_on(folder: Path, views: Sequence[str], view: str, image: str) -> Pair:
    """Return what a network and the labels say of an image.

    Args:
        folder: of the network.
        views: that it looks at.
        view: of the image.
        image: path below the project.

    Raises:
        DataError: when the tables are not there any more, or do not have the image.
    """
    predicted = _table(folder / ("_".join(filter(None, ("predictions", view))) + ".csv"), labels=False)
    labels = _table(label_copy(folder, views, view), labels=True)
    rows = [np.flatnonzero(poses.frames == image)[:1].tolist() for poses in (predicted, labels)]
    if [] in rows:
        raise DataError(f"{folder.name}: its tables do not have {image} any more")
    (at,), (labeled,) = rows
    order = [labels.names.index(name) if name in labels.names else -1 for name in predicted.names]
    points = np.where(np.array(order)[:, None] >= 0, labels.points[labeled][order], np.nan)
    confidence = predicted.likelihood
    sure = np.ones(len(predicted.names)) if confidence is None else confidence[at]
    return Pair(points, predicted.points[at], sure, predicted.names)


def label_copy(folder: Path, views: Sequence[str], view: str) -> Path:
    """Return the copy of a view's labels that a model folder keeps."""
    data = read_config(folder).get("data") or {}
    given = data.get("csv_file")
    files = [given] if isinstance(given, str) else given or []
    place = list(views).index(view) if view in views else 0
    name = files[place] if place < len(files) else "_".join(filter(None, ("CollectedData", view))) + ".csv"
    return folder / Path(str(name)).name


def _table(path: Path, *, labels: bool) -> Poses:
    try:
        return _known_table(path, path.stat().st_mtime_ns, labels)
    except OSError as error:
        raise DataError(f"{path} is not there any more") from error


@lru_cache(maxsize=48)
def _known_table(path: Path, changed: int, labels: bool) -> Poses:
    return read_labels(path) if labels else read_poses(path)

"""How much each label counts in training, in a table beside the label file.

`weights_CollectedData_cam1.csv` belongs to `CollectedData_cam1.csv`: a header row of keypoints, a row for
every image whose labels do not all count 1, numbers of 0 or more; see docs/formats/labels.md. The label file
itself stays what other tools read.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float

from lightning_pose.core.errors import DataError, raise_collected
from lightning_pose.core.poses import Frames, Poses, shorten
from lightning_pose.core.tables import read_metric_table, write_metric_table

PREFIX = "weights_"


def weights_file(label_file: Path | str) -> Path:
    """Return where the weights of a label file are kept, whether they are there or not."""
    path = Path(label_file)
    return path.with_name(PREFIX + path.name)


def write_label_weights(
    label_file: Path | str, weights: Float[np.ndarray, "T K"], names: tuple[str, ...], frames: Frames
) -> Path:
    """Write weights beside a label file, atomically, and return where.

    Args:
        label_file: that they belong to.
        weights: of every keypoint in these images; images that are not named count 1.
        names: keypoints.
        frames: paths of images, as in the label file.

    Raises:
        DataError: when a weight is negative, missing or infinite, or the file cannot be written.
    """
    path = weights_file(label_file)
    faults = _faults(weights, names, frames)
    if faults:
        raise_collected(DataError, f"{path} would not be usable", shorten(faults))
    write_metric_table(path, weights, names, frames)
    return path


def read_label_weights(label_file: Path | str, labels: Poses) -> Float[np.ndarray, "T K"] | None:
    """Return the weight of every label: 1 for images that the table does not name; None without a table.

    Args:
        label_file: that `labels` were read from.
        labels: of one view.

    Raises:
        DataError: when the table cannot be read, has other keypoints, names images that have no labels, or a
            weight is no number of 0 or more; all faults of a kind listed.
    """
    path = weights_file(label_file)
    if not path.is_file():
        return None
    values, names, frames, _ = read_metric_table(path)
    if sorted(names) != sorted(labels.names):
        raise DataError(
            f"{path} has the keypoints {', '.join(names)}; expected those of {Path(label_file).name}: "
            + ", ".join(labels.names)
        )
    place = {str(frame): row for row, frame in enumerate(labels.frames.tolist())}
    faults = [
        f"{frame} has no labels in {Path(label_file).name}: remove its line, or give it labels"
        for frame in map(str, frames.tolist())
        if frame not in place
    ]
    faults += _faults(values, names, frames)
    if faults:
        raise_collected(DataError, str(path), shorten(faults))
    weights = np.ones((len(labels), len(labels.names)))
    order = [names.index(name) for name in labels.names]
    weights[[place[str(frame)] for frame in frames.tolist()]] = values[:, order]
    return weights


def read_view_weights(
    label_files: Mapping[str, Path], labels: Mapping[str, Poses]
) -> Float[np.ndarray, "T V K"] | None:
    """Return the weight of every label of several views, 1 where no table says more; None without any table.

    Args:
        label_files: by view.
        labels: read from them, by view.

    Raises:
        DataError: when a table does not fit its labels; the faults of all views together.
    """
    found: dict[str, Float[np.ndarray, "T K"] | None] = {}
    faults = []
    for view, poses in labels.items():
        try:
            found[view] = read_label_weights(label_files[view], poses)
        except DataError as error:
            faults.append(str(error))
    if faults:
        raise_collected(DataError, "weights of labels cannot be used", faults)
    if all(weights is None for weights in found.values()):
        return None
    ones = np.ones(next(iter(labels.values())).points.shape[:2])
    return np.stack([ones if weights is None else weights for weights in found.values()], axis=1)


def _faults(weights: Float[np.ndarray, "T K"], names: tuple[str, ...], frames: Frames) -> list[str]:
    """Return the weights that are none, in words."""
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    return [
        f"{frames[row]}, {names[column]}: expected a weight of 0 or more, got {weights[row, column]:g}"
        for row, column in np.argwhere(wrong)
    ]

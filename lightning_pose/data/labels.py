"""Labeled frames: N instants, each seen by V >= 1 views, checked at the door."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int

from lightning_pose.core.camera import Camera
from lightning_pose.core.errors import DataError, raise_collected
from lightning_pose.core.labels import missing_images, outside_image
from lightning_pose.core.naming import context_images, image_file
from lightning_pose.core.poses import IGNORED, OCCLUDED, VISIBLE, Poses, shorten, view_faults
from lightning_pose.core.tables import read_labels
from lightning_pose.data.batch import LabeledBatch
from lightning_pose.data.images import ImageCache

Progress = Callable[[int, int], None]


class Targets(NamedTuple):
    """What training is to find; labels are what evaluation compares with. `targets` makes them differ."""

    xy: Float[np.ndarray, "N V K 2"]  # network-input pixels
    visible: Int[np.ndarray, "N V K"]
    weight: Float[np.ndarray, "N V K"] | None = None


class LabeledFrames:
    """Images and labels of N instants in V views, at the network's size.

    Attributes:
        poses: labels per view, in pixels of the images on disk.
        size: height and width of the network's images.
        xy: labels in network-input pixels (N V K 2).
        visible: 0 ignore, 1 occluded, 2 visible (N V K); a missing label is 0, or 1 where that was asked for.
        native_sizes: width and height on disk (N V 2).
        context: frames before and after that come with every image.
        targets: what batches hold; the labels, unless more is set.
        camera: of the network-size images, fields (N V ...), NaN where an instant has none; None without any.
    """

    def __init__(
        self,
        poses: Mapping[str, Poses],
        images: ImageCache,
        *,
        windows: Int[np.ndarray, "V N F"] | None = None,
        uniform_for_missing: bool = False,
    ) -> None:
        """Put labels and images together; `read_labeled_frames` checks them first.

        Args:
            poses: labels per view, all with the same keypoints and instants.
            images: loaded.
            windows: which of the images every label belongs to, its neighbours in time around it; by default
                one for every label, view after view.
            uniform_for_missing: teach the network to spread its map where a label is missing and no `visible`
                column says why.
        """
        self.poses = dict(poses)
        self.size = images.size
        self._images = images
        if windows is None:
            windows = np.arange(len(images.paths)).reshape(len(poses), -1, 1)
        self._windows = windows.swapaxes(0, 1)
        self.context = windows.shape[-1] // 2
        self.native_sizes = images.native_sizes[self._windows[..., self.context]]
        points = np.stack([p.points for p in poses.values()], axis=1)
        self.xy = network_from_native(points, self.native_sizes[:, :, None], images.size)
        self.visible = np.stack([_visible(p, uniform_for_missing) for p in poses.values()], axis=1)
        self.targets = Targets(self.xy, self.visible)
        self.camera: Camera | None = None

    def __len__(self) -> int:
        return len(self.xy)

    @property
    def view_names(self) -> tuple[str, ...]:
        """Views in the order of the V axis; one empty name for a single view."""
        return tuple(self.poses)

    @property
    def keypoint_names(self) -> tuple[str, ...]:
        """Keypoints in the order of the K axis."""
        return next(iter(self.poses.values())).names

    @property
    def frames(self) -> list[list[str]]:
        """Image paths, per view and instant."""
        return [[str(frame) for frame in poses.frames.tolist()] for poses in self.poses.values()]

    def batch(self, rows: Sequence[int]) -> LabeledBatch:
        """Return these instants."""
        index = list(rows)
        places = self._windows[index] if self.context else self._windows[index, :, 0]
        images = self._images.take(places.ravel().tolist()).reshape(*places.shape, *self.size, 3)
        batch = LabeledBatch(
            images=torch.from_numpy(images),
            xy=torch.from_numpy(self.targets.xy[index]),
            visible=torch.from_numpy(self.targets.visible[index]),
            native_size=torch.from_numpy(self.native_sizes[index]).double(),
            index=torch.tensor(index),
        )
        if self.targets.weight is not None:
            batch["weight"] = torch.from_numpy(self.targets.weight[index]).float()
        if self.camera is not None:
            batch["camera"] = Camera(*(torch.from_numpy(field[index]) for field in self.camera))
        return batch


def network_from_native(
    xy: Float[np.ndarray, "*N 2"], native_size: Int[np.ndarray, "*#N 2"], size: tuple[int, int]
) -> Float[np.ndarray, "*N 2"]:
    """Convert pixels of the image on disk to pixels of the network's image of (height, width)."""
    return (xy + 0.5) * (np.array([size[1], size[0]]) / native_size) - 0.5


def native_from_network(
    xy: Float[np.ndarray, "*N 2"], native_size: Int[np.ndarray, "*#N 2"], size: tuple[int, int]
) -> Float[np.ndarray, "*N 2"]:
    """Convert pixels of the network's image of (height, width) to pixels of the image on disk."""
    return (xy + 0.5) * (native_size / np.array([size[1], size[0]])) - 0.5


def read_labeled_frames(
    csv_files: Mapping[str, Path],
    data_dir: Path,
    size: tuple[int, int],
    *,
    keypoint_names: Sequence[str] | None = None,
    outside: str = "error",
    uniform_for_missing: bool = False,
    context: int = 0,
    cache_gib: float = 4.0,
    progress: Progress | None = None,
) -> LabeledFrames:
    """Read labels and decode their images, and refuse what does not fit together before anything is trained.

    Args:
        csv_files: label file per view.
        data_dir: folder that image paths are relative to.
        size: height and width of the network's images.
        keypoint_names: what the keypoints should be; None takes what the files have.
        outside: `error`, or `ignore` to take labels outside their image as missing.
        uniform_for_missing: see `LabeledFrames`.
        context: frames before and after that are read with every image; see `core.naming.context_images`.
        cache_gib: bound on the images kept in memory.
        progress: told (images read, all images).

    Raises:
        DataError: with every fault: unreadable tables, unequal rows, keypoints that differ between views,
            missing or unreadable images, labels outside their image.
    """
    poses = read_views(csv_files, keypoint_names)
    faults = []
    for view, labels in poses.items():
        faults += [f"{csv_files[view]}: {text}" for text in missing_images(labels, data_dir)]
    if faults:
        raise_collected(DataError, "labeled images are missing", faults)
    named, windows = _image_windows(poses, data_dir, context)
    images = ImageCache([image_file(data_dir, image) for image in named], size, cache_gib)
    unreadable = images.load(progress)
    if unreadable:
        faults = shorten([f"{images.paths[row]} cannot be read as an image" for row in unreadable])
        raise_collected(DataError, "labeled images cannot be read", faults)
    frames = LabeledFrames(poses, images, windows=windows, uniform_for_missing=uniform_for_missing)
    faults = []
    for column, (view, labels) in enumerate(poses.items()):
        seen = _only_visible(labels)
        faults += [
            f"{csv_files[view]}: {text}" for text in outside_image(seen, frames.native_sizes[:, column])
        ]
    if faults and outside == "error":
        advice = "correct them, or set data.labels_outside_image=ignore to take them as missing"
        raise_collected(DataError, f"labels outside their image ({advice})", shorten(faults))
    limit = np.array([size[1], size[0]]) - 0.5
    inside = ((frames.xy >= -0.5) & (frames.xy <= limit)).all(axis=-1)
    frames.visible[(frames.visible == VISIBLE) & ~inside] = IGNORED
    return frames


def read_views(csv_files: Mapping[str, Path], keypoint_names: Sequence[str] | None) -> dict[str, Poses]:
    """Read the label files of all views and check that they belong together.

    Raises:
        DataError: with every fault.
    """
    poses, faults = {}, []
    for view, path in csv_files.items():
        try:
            poses[view] = read_labels(path)
        except DataError as error:
            faults.append(str(error))
    if not faults:
        faults += view_faults(poses)
        first = next(iter(poses.values()))
        if keypoint_names is not None and tuple(keypoint_names) != first.names:
            faults.append(
                f"data.keypoint_names is {', '.join(keypoint_names)}; labels have {', '.join(first.names)}"
            )
        if not any(
            (labels.present & (_visible(labels, False) == VISIBLE)).any() for labels in poses.values()
        ):
            faults.append("no keypoint has a label")
    if faults:
        raise_collected(DataError, "the labels cannot be used", faults)
    return poses


def _image_windows(
    poses: Mapping[str, Poses], data_dir: Path, context: int
) -> tuple[list[str], Int[np.ndarray, "V N F"]]:
    """Return the images that are needed, each once, and which of them make up the window of every label."""

    def is_there(image: str) -> bool:
        return image_file(data_dir, image).is_file()

    windows = [
        [context_images(str(frame), context, is_there) for frame in labels.frames.tolist()]
        for labels in poses.values()
    ]
    # those with labels come first: they are the ones to keep in memory
    wanted = [row[context] for view in windows for row in view]
    named = {image: place for place, image in enumerate(dict.fromkeys([*wanted, *np.ravel(windows)]))}
    return list(named), np.array([[[named[image] for image in row] for row in view] for view in windows])


def _visible(poses: Poses, uniform_for_missing: bool) -> Int[np.ndarray, "T K"]:
    """Return the visibility of labels, missing ones included."""
    if poses.visible is not None:
        return np.where((poses.visible == VISIBLE) & ~poses.present, IGNORED, poses.visible).astype(np.int64)
    return np.where(poses.present, VISIBLE, OCCLUDED if uniform_for_missing else IGNORED).astype(np.int64)


def _only_visible(poses: Poses) -> Poses:
    """Return the labels whose coordinates count: those of occluded points do not."""
    if poses.visible is None:
        return poses
    points = np.where((poses.visible == VISIBLE)[..., None], poses.points, np.nan)
    return Poses(names=poses.names, points=points, frames=poses.frames)

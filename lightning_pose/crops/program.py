"""The steps of crop and zoom for one video or one label file; each reads files and writes files."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from lightning_pose.core.errors import DataError
from lightning_pose.core.files import write_json
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import read_labels, read_poses, write_poses
from lightning_pose.core.video import probe
from lightning_pose.crops.boxes import (
    SMALLEST_SHARE,
    BoxRule,
    fill_images,
    fill_recording,
    find_places,
    square_boxes,
)
from lightning_pose.crops.layout import BBOX, CropLayout, is_table
from lightning_pose.crops.remap import remap
from lightning_pose.crops.smooth import Method, smooth_boxes
from lightning_pose.crops.tables import BoxTable, read_boxes, write_boxes


@dataclass(frozen=True)
class CreateOptions:
    """How boxes are made.

    Attributes:
        rule: of their place and size.
        anchors: keypoints that make them; all of them by default.
        unweighted: count every keypoint alike, whatever its confidence.
        from_labels: for label files, from the labels, not from what the detector says of them.
    """

    rule: BoxRule = field(default_factory=BoxRule)
    anchors: Sequence[str] = ()
    unweighted: bool = False
    from_labels: bool = False


def make_boxes(poses: Poses, options: CreateOptions | None = None) -> BoxTable:
    """Return a box for every frame of a video, or for every image of labels.

    Args:
        poses: pixels; consecutive frames where they are numbered.
        options: how.

    Raises:
        DataError: when an anchor is no keypoint, or no frame shows enough of the animal.
    """
    options = options or CreateOptions()
    poses = poses.select(options.anchors) if options.anchors else poses
    confidence, least = (None, 0.0) if options.unweighted else (poses.likelihood, SMALLEST_SHARE)
    places = find_places(poses.points, confidence, options.rule)
    if poses.frames.dtype.kind == "i":
        filled = fill_recording(places, least)
    else:
        folders = [str(PurePosixPath(str(image)).parent) for image in poses.frames]
        filled = fill_images(places, folders, least)
    return BoxTable(square_boxes(filled), poses.frames)


def create_boxes(file: Path, layout: CropLayout, options: CreateOptions | None = None) -> Path:
    """Write the boxes of a video or of labeled images; return the file.

    Raises:
        DataError: when there are no predictions, or they are of another video.
    """
    options = options or CreateOptions()
    if is_table(file) and options.from_labels:
        poses = read_labels(file)
    else:
        poses = _middle([read_poses(path) for path in layout.predictions(file)])
    if not is_table(file) and len(poses) != probe(file).n_frames:
        raise DataError(
            f"{file} has {probe(file).n_frames} frames, but there are predictions of {len(poses)}"
        )
    try:
        table = make_boxes(poses, options)
    except DataError as error:
        raise DataError(f"{file}: {error}") from error
    target = layout.boxes(file)
    write_boxes(target, table)
    return target


def smooth_folder(folder: Path, output: Path, method: Method = "median", window: int = 5) -> list[Path]:
    """Smooth all boxes of videos in a folder; write them to another, and how in `metadata.json`.

    Raises:
        DataError: when there are none, or a file cannot be read.
        ConfigError: when there is no window.
    """
    files = sorted(folder.glob(f"*{BBOX}"))
    if not files:
        raise DataError(f"{folder}: expected boxes of videos, *{BBOX}, found none")
    if output.resolve() == folder.resolve():
        raise DataError(f"{output} is the folder of the boxes themselves: name another one")
    for file in files:
        table = read_boxes(file)
        write_boxes(output / file.name, table._replace(boxes=smooth_boxes(table.boxes, method, window)))
    record = {"method": method, "window": window, "source": str(folder.resolve())}
    write_json(output / "metadata.json", record)
    return [output / file.name for file in files]


def remap_file(poses_file: Path, boxes_file: Path, video: Path | None = None) -> Path:
    """Write poses on crops as poses on whole frames, to `remapped_<name>` beside them; return that file.

    Args:
        poses_file: on a cropped video or on cropped images.
        boxes_file: what they were cropped by.
        video: the cropped video, whose size counts; by default the one beside the boxes where `litpose crop`
            writes it, and where there is none the size that the boxes say.

    Raises:
        DataError: when they do not belong together.
    """
    poses, table = read_poses(poses_file), read_boxes(boxes_file)
    if video is None:
        name = f"cropped_{boxes_file.name.removesuffix(BBOX)}.mp4"
        beside = CropLayout(boxes_file.resolve().parents[1]).videos / name
        video = beside if beside.is_file() else None
    try:
        mapped = remap(poses, table, None if video is None else probe(video)[:2])
    except DataError as error:
        raise DataError(f"{poses_file} and {boxes_file}: {error}") from error
    target = poses_file.with_name(f"remapped_{poses_file.name}")
    write_poses(target, mapped)
    return target


def _middle(members: Sequence[Poses]) -> Poses:
    """Return the median of what members of an ensemble say, and their mean confidence."""
    first = members[0]
    if len(members) == 1:
        return first
    points = np.median([poses.points for poses in members], axis=0)
    sure = [poses.likelihood for poses in members if poses.likelihood is not None]
    return dataclasses.replace(first, points=points, likelihood=np.mean(sure, axis=0) if sure else None)

"""`litpose crop`: cuts boxes out of videos and labeled frames."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from lightning_pose.crops.layout import CropLayout

HELP = "cut boxes out of videos and labeled frames"
EXAMPLES = """examples:
  litpose create_bbox models/detector videos/ CollectedData.csv
  litpose crop models/detector videos/ CollectedData.csv
  litpose crop models/detector videos/ --bbox_dir smoothed_boxes

Videos go to MODEL_DIR/cropped_videos, images to MODEL_DIR/cropped_images, labels to
MODEL_DIR/image_preds/<label file>/cropped_<label file>. A cropped video that is newer than its boxes and the
video is kept.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `litpose crop`."""
    parser.epilog = EXAMPLES
    parser.add_argument("model_dir", type=Path, metavar="MODEL_DIR", help="the detector's model folder")
    parser.add_argument(
        "input_path", type=Path, nargs="+", metavar="INPUT", help="videos, folders of videos, label CSVs"
    )
    parser.add_argument(
        "--bbox_dir", type=Path, metavar="DIR",
        help="folder of <video>_bbox.csv, and of bbox.csv or <label file>/bbox.csv (default: where "
        "create_bbox wrote them)",
    )  # fmt: skip
    parser.add_argument("--overwrite", action="store_true", help="crop videos anew")


def run(args: argparse.Namespace) -> int:
    """Crop; return 2 when something could not be cropped, else 0.

    Raises:
        KeyboardInterrupt: after Ctrl-C, with what was kept.
    """
    from rich.console import Console

    from lightning_pose.core.errors import DataError, PoseError
    from lightning_pose.core.terminal import FAULT, print_error
    from lightning_pose.crops.layout import CropLayout, find_files, is_table

    layout = CropLayout.open(args.model_dir)
    console = Console(stderr=True)
    for folder in (layout.images, layout.videos):  # a training on crops expects both to be there
        folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    for file in find_files(args.input_path):
        boxes = layout.boxes(file, args.bbox_dir)
        try:
            if not boxes.is_file():
                makes = f"`litpose create_bbox {args.model_dir} {file}` makes them"
                raise DataError(f"{file} has no boxes: expected {boxes}. {makes}")
            if is_table(file):
                _labels(file, boxes, layout, console)
            else:
                _video(file, boxes, layout.cropped(file), args.overwrite, console)
        except PoseError as error:
            print_error(f"error: {error}")
            failed += 1
        except KeyboardInterrupt:
            raise KeyboardInterrupt("Videos that are finished are kept: the same command goes on.") from None
    return FAULT if failed else 0


def _video(file: Path, boxes: Path, output: Path, overwrite: bool, console: "Console") -> None:
    """Crop a video, unless that has been done since its boxes were made."""
    from rich.progress import Progress

    from lightning_pose.crops.recordings import crop_video
    from lightning_pose.crops.tables import read_boxes

    table = read_boxes(boxes)
    made = output.stat().st_mtime if output.is_file() and not overwrite else 0
    if made > max(file.stat().st_mtime, boxes.stat().st_mtime):
        print(f"{file}: cropped before and kept (--overwrite crops anew)")
        return
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(file.name, total=len(table.boxes))
        crop_video(file, table.boxes, output, lambda: progress.advance(bar))
    print(f"{file}: cropped to {output}")


def _labels(file: Path, boxes: Path, layout: "CropLayout", console: "Console") -> None:
    """Crop labeled images and their labels."""
    from lightning_pose.core.tables import read_labels, write_poses
    from lightning_pose.crops.recordings import crop_images, crop_labels
    from lightning_pose.crops.tables import read_boxes

    labels, table = read_labels(file), read_boxes(boxes)
    cropped, lost = crop_labels(labels, table)
    with console.status(f"{file.name}: cropping images"):
        count = crop_images(table, layout.image_folder(file, labels), layout.images)
    write_poses(layout.cropped(file), cropped)
    print(f"{file}: {count} images cropped to {layout.images}, labels in {layout.cropped(file)}")
    if lost:
        print(f"{file}: {lost} labels lie outside their boxes and are left out")

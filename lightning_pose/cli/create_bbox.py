"""`litpose create_bbox`: boxes around the animal, from what a detector says of videos and labeled frames."""

import argparse
from pathlib import Path

HELP = "make boxes around the animal from a detector's predictions"
EXAMPLES = """examples:
  litpose predict models/detector videos/ CollectedData.csv
  litpose create_bbox models/detector videos/ CollectedData.csv
  litpose create_bbox models/detector s1.mp4 --crop_size 320 --anchor_keypoints nose,tail_base
  litpose create_bbox models/detector CollectedData.csv --from_labels

Boxes of a video go to MODEL_DIR/video_preds/<video>_bbox.csv, those of labels to
MODEL_DIR/image_preds/<label file>/bbox.csv.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `litpose create_bbox`."""
    parser.epilog = EXAMPLES
    parser.add_argument("model_dir", type=Path, metavar="MODEL_DIR", help="the detector's model folder")
    parser.add_argument(
        "input_path", type=Path, nargs="+", metavar="INPUT", help="videos, folders of videos, label CSVs"
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--crop_ratio", type=float, default=2.0, metavar="R",
        help="side of the box to extent of the keypoints, more than 1 (default: %(default)s)",
    )  # fmt: skip
    size.add_argument("--crop_size", type=int, metavar="PX", help="a fixed side instead")
    parser.add_argument(
        "--anchor_keypoints", default="", metavar="A,B,C", help="keypoints that make the box (default: all)"
    )
    parser.add_argument(
        "--min_confidence", type=float, default=0.1, metavar="P",
        help="a frame whose surest keypoint is below shows no animal (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--unweighted", action="store_true",
        help="count every keypoint alike, whatever its confidence, as Lightning Pose does",
    )  # fmt: skip
    parser.add_argument(
        "--from_labels", action="store_true",
        help="boxes of label CSVs from the labels, not from what the detector says of their images",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Make the boxes; return 2 when some could not be made, else 0."""
    from lightning_pose.core.errors import PoseError
    from lightning_pose.core.terminal import FAULT, print_error
    from lightning_pose.crops.boxes import BoxRule
    from lightning_pose.crops.layout import CropLayout, find_files
    from lightning_pose.crops.program import CreateOptions, create_boxes

    layout = CropLayout.open(args.model_dir)
    options = CreateOptions(
        BoxRule(args.crop_ratio, args.crop_size, args.min_confidence),
        tuple(filter(None, args.anchor_keypoints.split(","))),
        args.unweighted,
        args.from_labels,
    )
    failed = 0
    for file in find_files(args.input_path):
        try:
            print(f"{file}: boxes in {create_boxes(file, layout, options)}")
        except PoseError as error:
            print_error(f"error: {error}")
            failed += 1
    return FAULT if failed else 0

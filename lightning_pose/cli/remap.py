"""`litpose remap`: predictions on crops as pixels of the whole frames."""

import argparse
from pathlib import Path

HELP = "bring predictions on cropped videos or images back to pixels of the whole frames"
EXAMPLES = """examples:
  litpose predict models/pose models/detector/cropped_videos
  litpose remap models/pose/video_preds/cropped_s1.csv models/detector/video_preds/s1_bbox.csv

The result is remapped_<name of PREDS> beside PREDS.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `litpose remap`."""
    parser.epilog = EXAMPLES
    parser.add_argument("preds_file", type=Path, metavar="PREDS", help="predictions on crops")
    parser.add_argument("bbox_file", type=Path, metavar="BBOX", help="the boxes that were cropped by")
    parser.add_argument(
        "--video", type=Path, metavar="FILE",
        help="the cropped video, for its size (default: the one that `litpose crop` wrote beside the boxes, "
        "else the size that the boxes say)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Write the remapped predictions."""
    from lightning_pose.crops.program import remap_file

    print(f"remapped to {remap_file(args.preds_file, args.bbox_file, args.video)}")
    return 0

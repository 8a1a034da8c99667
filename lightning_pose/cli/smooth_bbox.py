"""`litpose smooth_bbox`: steadies the boxes of videos over time."""

import argparse
from pathlib import Path

HELP = "smooth the boxes of videos over time"
EXAMPLES = """examples:
  litpose smooth_bbox models/detector/video_preds --output_dir boxes
  litpose smooth_bbox models/detector/video_preds --output_dir boxes --method steady --window 15
  litpose crop models/detector videos/ --bbox_dir boxes
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `litpose smooth_bbox`."""
    parser.epilog = EXAMPLES
    parser.add_argument("bbox_dir", type=Path, metavar="BBOX_DIR", help="folder with *_bbox.csv")
    parser.add_argument(
        "--output_dir", type=Path, required=True, metavar="DIR", help="where the smoothed files go"
    )
    parser.add_argument(
        "--method", choices=("median", "steady"), default="median",
        help="running median of each column, as Lightning Pose has it; or a median and then a mean of centre "
        "and side (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--window", type=int, default=5, metavar="N", help="frames (default: %(default)s)")


def run(args: argparse.Namespace) -> int:
    """Smooth all boxes of a folder."""
    from lightning_pose.crops.program import smooth_folder

    files = smooth_folder(args.bbox_dir, args.output_dir, args.method, args.window)
    print(f"{len(files)} files of boxes in {args.output_dir}")
    return 0

"""`eks mirrored-multicam`: one camera that sees the animal several times, by mirrors."""

import argparse

from eks.flags import add_cameras, add_io, add_model, add_smoothing

HELP = "smooth one camera that sees the animal several times, by mirrors"
EXAMPLES = """examples:
  eks mirrored-multicam --input-dir preds --camera-names top bot --save-dir smoothed
  eks mirrored-multicam --input-dir preds --camera-names top bot --bodypart-list paw1LH paw2LF

Every CSV of the folder is a member of the ensemble; its keypoints are named <keypoint>_<camera>, as
paw1LH_top. Results: eks_mirrored_multicam.csv, and eks_mirrored_multicam.json with s, what was gated and how
long it took.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `eks mirrored-multicam`."""
    parser.epilog = EXAMPLES
    add_io(parser, filename="eks_mirrored_multicam.csv")
    add_smoothing(parser)
    add_model(parser)
    add_cameras(parser)
    parser.add_argument(
        "--bodypart-list",
        nargs="+",
        default=None,
        help="keypoints without their camera (default: those in all views)",
    )


def run(args: argparse.Namespace) -> int:
    """Smooth, and write the table."""
    from eks.program import run_mirrored

    run_mirrored(args)
    return 0

"""`eks singlecam`: one camera."""

import argparse

from eks.flags import add_io, add_model, add_smoothing

HELP = "smooth an ensemble's predictions of one camera"
EXAMPLES = """examples:
  eks singlecam --input-dir preds --save-dir smoothed
  eks singlecam --input-files net0.csv net1.csv net2.csv --save-filename walk.csv --s 10

Every CSV of the folder is a member of the ensemble. Results: eks_singlecam.csv, and eks_singlecam.json with
s, what was gated and how long it took.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `eks singlecam`."""
    parser.epilog = EXAMPLES
    add_io(parser, filename="eks_singlecam.csv")
    add_smoothing(parser)
    add_model(parser)
    parser.add_argument("--bodypart-list", nargs="+", default=None, help="keypoints to smooth (default: all)")


def run(args: argparse.Namespace) -> int:
    """Smooth, and write the table."""
    from eks.program import run_singlecam

    run_singlecam(args)
    return 0

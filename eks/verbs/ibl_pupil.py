"""`eks ibl-pupil`: the four points of a pupil."""

import argparse

from eks.flags import add_io, add_model, spans

HELP = "smooth the four points of a pupil as one circle"
EXAMPLES = """examples:
  eks ibl-pupil --input-dir preds --save-dir smoothed
  eks ibl-pupil --input-dir preds --diameter-s 0.99 --com-s 0.97

Every CSV of the folder is a member of the ensemble, with the keypoints pupil_top_r, pupil_bottom_r,
pupil_right_r and pupil_left_r. Results: eks_ibl_pupil.csv, and eks_ibl_pupil.json with the smoothness and how
long it took.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `eks ibl-pupil`."""
    parser.epilog = EXAMPLES
    add_io(parser, filename="eks_ibl_pupil.csv")
    add_model(parser)
    how = parser.add_argument_group("smoothing")
    how.add_argument(
        "--diameter-s", type=float, default=None, help="of the diameter, 0 to 1 (default: tuned)"
    )
    how.add_argument("--com-s", type=float, default=None, help="of the centre, 0 to 1 (default: tuned)")
    how.add_argument(
        "--s-frames", type=spans, default=None, metavar="SPANS", help='frames to tune on, such as "[(0,500)]"'
    )


def run(args: argparse.Namespace) -> int:
    """Smooth, and write the table."""
    from eks.program import run_pupil

    run_pupil(args)
    return 0

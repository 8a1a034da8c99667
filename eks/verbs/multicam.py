"""`eks multicam`: several cameras, each with its own predictions."""

import argparse
from pathlib import Path

from eks.flags import add_cameras, add_io, add_model, add_smoothing, skeleton

HELP = "smooth an ensemble's predictions of several cameras, in 3D where there is a calibration"
EXAMPLES = """examples:
  eks multicam --input-dir preds --calibration calibration.toml --save-dir smoothed
  eks multicam --input-dir preds --camera-names top side --save-dir smoothed        without a calibration
  eks multicam --input-dir preds --calibration calibration.toml --s 2 --make-plot   s given, not tuned
  eks multicam --input-dir preds --calibration calibration.toml --no-inflate-vars   the plain model

The folder holds one CSV per camera and ensemble member, such as session_cam1_rng=0.csv: the camera's name
anywhere in the file's, set off by _, - or . (so that cam1 is not cam10). Results:
multicam_<camera>_results.csv, with a calibration multicam_3d_results.csv, and multicam_results.json with s,
what was gated and how long it took.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `eks multicam`."""
    parser.epilog = EXAMPLES
    add_io(parser, filename=None)
    add_smoothing(parser)
    add_model(parser)
    add_cameras(parser)
    parser.add_argument(
        "--full-covariance", action="store_true", help="covariances of x, y and z in the 3D table, too"
    )
    parser.add_argument("--bodypart-list", nargs="+", default=None, help="keypoints to smooth (default: all)")
    parser.add_argument(
        "--skeleton", type=skeleton, default=(), metavar="CHAINS",
        help='bones (with a calibration), their lengths learned and kept softly: "nose,neck,tail;neck,ear"',
    )  # fmt: skip
    parser.add_argument(
        "--calibration",
        type=Path,
        default=None,
        help="the cameras, as an Anipose TOML file: smooths points in 3D",
    )


def run(args: argparse.Namespace) -> int:
    """Smooth, and write the tables."""
    from eks.program import run_multicam

    run_multicam(args)
    return 0

"""`eks ibl-paw`: the paws in a left and a right camera of unequal rates."""

import argparse

from eks.flags import add_cameras, add_io, add_model, add_smoothing

HELP = "smooth the two paws seen by a left and a right camera of unequal rates"
EXAMPLES = """examples:
  eks ibl-paw --input-dir recording --save-dir smoothed

The folder holds the members of both cameras as CSV files and their frame times as *timestamps*.npy; a name
with `left` is of the left camera, any other of the right one. The right camera is mirrored and brought to the
left one's times. Results: multicam_left_results.csv, multicam_right_results.csv, and multicam_results.json.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `eks ibl-paw`."""
    parser.epilog = EXAMPLES
    add_io(parser, filename=None)
    add_smoothing(parser)
    add_model(parser)
    add_cameras(parser, named=False)


def run(args: argparse.Namespace) -> int:
    """Smooth, and write the tables."""
    from eks.program import run_paw

    run_paw(args)
    return 0

"""`litpose demo`: the main job, end to end, on data that the project renders itself."""

import argparse
from pathlib import Path

HELP = "render sessions, train an ensemble, predict, smooth in 3D, and score it against the truth"
EXAMPLES = """examples:
  litpose demo                          the whole chain into ./demo, at most 8 minutes on 2 cores
  litpose demo --quick --out try   the same path in under 90 seconds, without claims on accuracy

An interrupted demo goes on where it stopped when the same command is given again.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `litpose demo`."""
    parser.epilog = EXAMPLES
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder to fill (default: demo)")
    parser.add_argument("--quick", action="store_true", help="tiny data and networks, under 90 seconds")


def run(args: argparse.Namespace) -> int:
    """Run the demo; the summary goes to `OUT/summary.json`, the report to `OUT/report.html`."""
    from lightning_pose.pipeline.demo import run_demo

    run_demo(args.out, quick=args.quick)
    return 0

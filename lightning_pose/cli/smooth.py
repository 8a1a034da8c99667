"""`litpose smooth`: the smoother over all sessions that a model has predicted."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lightning_pose.pipeline.smooth import Place

HELP = "smooth the sessions that a network or an ensemble has predicted"
EPILOG = """\
examples:
  litpose smooth models/ensemble                              every session, in 3D where calibrated
  litpose smooth models/ensemble --sessions s1 s2 --motion velocity
  litpose smooth models/ensemble --how apart                  each view for itself
  litpose smooth models/ensemble --skeleton "nose,neck,tail;neck,ear"

`eks` runs once for each session; results go to MODEL_DIR/video_preds_smoothed/<session>. What was smoothed
from the predictions that are there is kept. A session that fails is named, the others are done, and the exit
code is then 2.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = EPILOG
    parser.add_argument(
        "model_dir", type=Path, metavar="MODEL_DIR", help="a model or ensemble with video_preds"
    )
    parser.add_argument("--sessions", nargs="+", default=[], metavar="NAME", help="only these (default: all)")
    parser.add_argument(
        "--project", type=Path, metavar="DIR",
        help="whose views and calibrations these are (default: that of the model's configuration)",
    )  # fmt: skip
    parser.add_argument(
        "--calibration",
        metavar="FILE",
        help="cameras of all sessions; 'none' for no 3D (default: the project's)",
    )
    parser.add_argument("--overwrite", action="store_true", help="smooth anew what has been smoothed")
    parser.add_argument(
        "--progress_file", type=Path, metavar="FILE", help="JSON with how far it is, for programs that wait"
    )
    how = parser.add_argument_group("smoothing")
    how.add_argument(
        "--how", choices=("auto", "together", "apart"), default="auto",
        help="views of a session together, in 3D where calibrated and else with a learned geometry; or "
        "apart, each for itself (default: auto, together where calibrated)",
    )  # fmt: skip
    how.add_argument(
        "--motion", choices=("walk", "velocity"), default="walk",
        help="what a keypoint does from frame to frame (default: %(default)s)",
    )  # fmt: skip
    how.add_argument(
        "--s", type=float, nargs="+", default=[], metavar="S",
        help="smoothing parameter, one or one per keypoint (default: tuned)",
    )  # fmt: skip
    how.add_argument(
        "--skeleton", default="", metavar="CHAINS",
        help="bones whose lengths are learned and kept softly, where calibrated: \"nose,neck,tail;neck,ear\"",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Smooth; return 2 when a session could not be smoothed, else 0."""
    from lightning_pose.core.progress_file import ProgressFile
    from lightning_pose.core.terminal import FAULT, print_error
    from lightning_pose.pipeline.smooth import Outcome, smooth_sessions
    from lightning_pose.projects.smoothing import Smoothing

    progress = ProgressFile(args.progress_file)

    def begin(name: str, done: int, total: int) -> None:
        progress.tell(done, total, "sessions", {name: 0.0})

    def tell(outcome: Outcome, done: int, total: int) -> None:
        if outcome.state == "failed":
            print_error(f"error: {outcome.name}: {outcome.reason}")
        else:
            print(f"{outcome.name}: {outcome.state}  ({done} of {total})", flush=True)
        if done == total:
            progress.tell(done, total, "sessions")

    how = Smoothing(args.how, args.motion, tuple(args.s), args.skeleton)
    outcomes = smooth_sessions(
        place_of(args), args.sessions, how, anew=args.overwrite, begin=begin, report=tell
    )
    failed = [outcome.name for outcome in outcomes if outcome.state == "failed"]
    kept = sum(outcome.state == "kept" for outcome in outcomes)
    print(f"smoothed {len(outcomes) - kept - len(failed)}, kept {kept}, failed {len(failed)}")
    if failed:
        print_error(f"not smoothed: {', '.join(failed)}")
        return FAULT
    return 0


def place_of(args: argparse.Namespace) -> "Place":
    """Return where sessions and cameras are; what a model folder says is read where no project is named."""
    from lightning_pose.core.project import open_project
    from lightning_pose.model_dir import members
    from lightning_pose.pipeline.smooth import Place

    if args.project is not None:
        views, project = open_project(args.project).views, args.project
    else:
        model = next(iter(members(args.model_dir).values()))
        views, project = model.view_names, Path(model.config.data.data_dir or args.model_dir)
    return Place(args.model_dir, project, tuple(views), args.calibration)

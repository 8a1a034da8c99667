"""`litpose pseudolabel`: smoothed trajectories of unlabeled video become further labels."""

import argparse
from pathlib import Path

HELP = "turn smoothed trajectories of unlabeled video into further labels"
EPILOG = """\
examples:
  litpose predict models/ensemble path/to/project/videos
  eks multicam --input-files models/ensemble/video_preds/s1_*.csv \\
      --calibration path/to/project/calibrations/s1.toml --save-dir smoothed/s1
  litpose pseudolabel path/to/project smoothed/s1 smoothed/s2 --output_dir distilled
  litpose train distilled/config.yaml --output_dir models/distilled

Each SMOOTHED is an output folder of eks, named like the session whose videos it is of, or given as
SESSION=FOLDER. The project itself is only read.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = EPILOG
    add = parser.add_argument
    add("project", type=Path, metavar="PROJECT", help="folder with the human labels")
    add("smoothed", nargs="+", metavar="SMOOTHED", help="output folder of eks, of one session")
    add("--output_dir", type=Path, required=True, metavar="DIR", help="folder of the new project")
    add("--frames", type=int, default=500, metavar="N", help="frames to label (default: 500)")
    add("--videos", type=Path, metavar="DIR", help="folder of the videos (default: videos in PROJECT)")
    add(
        "--config",
        type=Path,
        metavar="FILE",
        help="configuration to train with: it is kept but for its data, and divides the human labels "
        "(default: a recommended one)",
    )
    add(
        "--keep_share",
        type=float,
        default=0.5,
        metavar="SHARE",
        help="choose from this share of the frames, the most certain (default: 0.5)",
    )
    add(
        "--half_weight_px",
        type=float,
        metavar="PX",
        help="posterior standard deviation at which a label counts half (default: 1 %% of the image's side)",
    )
    add(
        "--min_weight",
        type=float,
        default=0.1,
        metavar="W",
        help="points that would count less get no label (default: 0.1)",
    )
    add(
        "--min_likelihood",
        type=float,
        default=0.1,
        metavar="P",
        help="nor do points that the networks find less likely (default: 0.1)",
    )
    add(
        "--margin",
        type=int,
        default=10,
        metavar="N",
        help="frames beside a held-out label that are not chosen (default: 10)",
    )
    add("--seed", type=int, default=0, metavar="N", help="of the choice (default: 0)")
    add("--resume", action="store_true", help="go on with an interrupted run in --output_dir")
    add("--overwrite", action="store_true", help="replace the pseudo-labels in --output_dir")


def run(args: argparse.Namespace) -> int:
    """Choose, write, and say what was made.

    Raises:
        PoseError: when inputs are missing or do not fit, or nothing is certain enough.
        KeyboardInterrupt: after Ctrl-C, with what continues.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from lightning_pose.pseudolabels.program import pseudolabel
    from lightning_pose.pseudolabels.selection import Options

    options = Options(**{name: getattr(args, name) for name in Options._fields})
    console = Console()
    columns = (TextColumn("images"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("images", total=None)
        try:
            made = pseudolabel(
                args.project,
                args.smoothed,
                args.output_dir,
                options,
                videos=args.videos,
                config=args.config,
                resume=args.resume,
                overwrite=args.overwrite,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
        except KeyboardInterrupt:
            raise KeyboardInterrupt("Give the same command with --resume to go on.") from None
    frames = ", ".join(f"{name} {count}" for name, count in made.chosen.items())
    console.print(
        f"frames  {sum(made.chosen.values())} of {made.candidates} that are certain enough: {frames}\n"
        f"points  {made.points:.0%} of those in these frames; they count {made.weight:.2f} in the mean\n"
        f"human   {made.human} labeled instants, divided as before; pseudo-labels train only\n"
        f"train with: litpose train {made.config} --output_dir models/distilled",
        highlight=False,
    )
    return 0

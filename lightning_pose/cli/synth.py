"""`litpose synth`: renders an animal in an arena as a complete project, with the exact truth beside it."""

import argparse
from pathlib import Path

HELP = "render a project: videos, labels, calibrations, and the exact truth"
EXAMPLES = """examples:
  litpose synth world                                       4 cameras, 3 labeled sessions, 1 unseen
  litpose synth world --views 6 --frames 1200 --seed 7      another rig, another animal
  litpose synth world --label_noise 1.5 --visible           labels as people make them
  litpose synth tiny --views 2 --sessions 1 --frames 30 --labels 10 --size 128

The unseen sessions are of other individuals under another light: their videos are in OUT/videos_test.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `litpose synth`."""
    parser.epilog = EXAMPLES
    add = parser.add_argument
    add("out", type=Path, metavar="OUT", help="folder to fill")
    add("--views", type=int, default=4, metavar="N", help="cameras, 1 to 12 (default: 4)")
    add("--sessions", type=int, default=3, metavar="N", help="sessions with labels (default: 3)")
    add(
        "--test_sessions",
        type=int,
        default=1,
        metavar="N",
        help="unseen sessions, without labels (default: 1)",
    )
    add("--frames", type=int, default=600, metavar="N", help="frames of a labeled session (default: 600)")
    add("--test_frames", type=int, metavar="N", help="frames of an unseen session (default: as --frames)")
    add(
        "--labels",
        type=int,
        default=40,
        metavar="N",
        help="labeled instants per labeled session (default: 40)",
    )
    add(
        "--size",
        type=image_size,
        default=(256, 256),
        metavar="PX",
        help="image size: 256 or 320x256 (default: 256)",
    )
    add("--fps", type=float, default=30.0, help="frames a second (default: 30)")
    add("--seed", type=int, default=0, help="the same seed gives the same pixels (default: 0)")
    add(
        "--label_noise",
        type=float,
        default=0.0,
        metavar="PX",
        help="standard deviation of the labels (default: 0)",
    )
    add("--visible", action="store_true", help="label tables with a visible column: 1 occluded, 2 visible")
    add("--crf", type=int, default=18, help="quality of the videos, 0 lossless to 51 (default: 18)")
    add("--workers", type=int, metavar="N", help="processes (default: one for every processor)")
    add("--overwrite", action="store_true", help="replace a rendered project in OUT")


def image_size(text: str) -> tuple[int, int]:
    """Return width and height from `256` or `320x256`."""
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isdigit() for side in sides):
        raise argparse.ArgumentTypeError(f"expected a size such as 256 or 320x256, got {text!r}")
    return int(sides[0]), int(sides[-1])


def run(args: argparse.Namespace) -> int:
    """Render the project; say what it holds and how fast it was."""
    import time

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from lightning_pose.core.errors import ConfigError
    from lightning_pose.synthetic.project import write_project
    from lightning_pose.synthetic.session import SynthConfig

    if args.workers is not None and args.workers < 1:
        raise ConfigError(f"--workers: expected at least 1, got {args.workers}")
    config = SynthConfig(
        views=args.views, sessions=args.sessions, test_sessions=args.test_sessions, frames=args.frames,
        test_frames=args.test_frames, labels=args.labels, size=args.size, fps=args.fps, seed=args.seed,
        label_noise=args.label_noise, visible_column=args.visible, crf=args.crf,
    )  # fmt: skip
    console = Console()
    start = time.monotonic()
    columns = (TextColumn("rendering"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("images", total=None)
        try:
            write_project(
                args.out, config, lambda done, total: bar.update(task, completed=done, total=total),
                workers=args.workers, overwrite=args.overwrite,
            )  # fmt: skip
        except KeyboardInterrupt:
            raise KeyboardInterrupt("Give the same command with --overwrite to start again.") from None
        images = int(bar.tasks[0].completed)
    rate = images / (time.monotonic() - start)
    console.print(
        f"{images} images ({rate:.0f}/s) of {', '.join(config.names)} in {args.out}\n"
        f"labels  {args.out}/CollectedData*.csv: {config.labels} instants per labeled session\n"
        f"truth   {args.out}/truth/",
        highlight=False,
    )
    return 0

"""`litpose extract`: frames of videos become images to be labeled."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from lightning_pose.core.project import Project
    from lightning_pose.frames.extraction import Plan
    from lightning_pose.frames.planning import Options

HELP = "extract frames of videos for labeling, the same instants in all views"
EPILOG = """\
examples:
  litpose extract path/to/project                                  20 frames of every session
  litpose extract path/to/project --method uniform --frames 50 --sessions s1
  litpose extract path/to/project --method list --list 10,500-520:5 --sessions s1
  litpose extract path/to/project --method difficult --predictions models/m
  litpose extract path/to/project --method difficult --predictions models/m --total 20
  litpose extract path/to/project --dry_run --contact_sheet sheet.jpg    look first
  litpose extract path/to/project --dry_run --save_plan plan.json        look first, then write exactly these:
  litpose extract path/to/project --plan plan.json

Images go to labeled-data, with their neighbours in time; extracted/SESSION.json says which and why. Frames
that were extracted or labeled before are not chosen again, and no image is replaced. An interrupted run is
continued by the same command.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = EPILOG
    add = parser.add_argument
    add("project", type=Path, metavar="PROJECT", help="folder of the project")
    add("--sessions", nargs="+", metavar="NAME", help="only these (default: all that have videos)")
    add(
        "--method", choices=("uniform", "kmeans", "list", "difficult"), default="kmeans",
        help="kmeans: frames with motion that look different; uniform: evenly spread; list: those of --list; "
        "difficult: where --predictions are most likely wrong (default: %(default)s)",
    )  # fmt: skip
    add(
        "--frames", type=int, default=20, metavar="N", help="of every session, at most (default: %(default)s)"
    )
    add(
        "--total", type=int, metavar="N",
        help="of all sessions together, in place of --frames; they are ranked as one (difficult only)",
    )  # fmt: skip
    add(
        "--cover", type=float, default=0.0, metavar="SHARE",
        help="share of --total that covers all postures, difficult or not (default: %(default)s)",
    )  # fmt: skip
    add("--list", metavar="FRAMES", help="numbers and ranges, such as 10,50-60,100-200:10")
    add(
        "--predictions", type=Path, metavar="DIR", help="a model that has predicted the videos, or its tables"
    )
    add(
        "--smoothed",
        type=Path,
        metavar="DIR",
        help="output folder of eks of one session, as further evidence",
    )
    add("--videos", type=Path, metavar="DIR", help="folder of the videos (default: videos in PROJECT)")
    add(
        "--context", type=int, default=2, metavar="N",
        help="neighbours on either side that come along (default: %(default)s)",
    )  # fmt: skip
    add(
        "--apart", type=int, default=10, metavar="N",
        help="least distance of difficult frames from each other (default: %(default)s)",
    )  # fmt: skip
    add("--seed", type=int, default=0, metavar="N", help="of kmeans (default: %(default)s)")
    add(
        "--contact_sheet", type=Path, metavar="FILE",
        help="picture of the chosen frames, .jpg; of several sessions one each",
    )  # fmt: skip
    add("--dry_run", action="store_true", help="say what would be extracted, and write no images")
    add("--save_plan", type=Path, metavar="FILE", help="write the chosen frames, .json; may be edited")
    add("--plan", type=Path, metavar="FILE", help="extract the frames of such a file; nothing is chosen anew")
    add("--progress_file", type=Path, metavar="FILE", help="JSON with how far it is, for programs that wait")
    add(
        "--label_rows", action="store_true",
        help="append empty rows to the label CSVs, for tools that list images by these; the app needs none",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Choose and write; return 2 when a session could not be done, else 0.

    Raises:
        PoseError: when the project or the options cannot be used.
        KeyboardInterrupt: after Ctrl-C, with what continues.
    """
    from rich.console import Console

    from lightning_pose.core.errors import DataError, PoseError, raise_collected
    from lightning_pose.core.project import open_project
    from lightning_pose.core.terminal import FAULT, print_error
    from lightning_pose.frames.plan_file import write_plans
    from lightning_pose.frames.planning import Options, find_sessions
    from lightning_pose.frames.uniform import parse_frames

    listed = tuple(parse_frames(args.list)) if args.list else ()
    options = Options(
        args.method, args.frames, listed, args.predictions, args.smoothed, args.context, args.apart,
        args.seed, args.total, args.cover,
    )  # fmt: skip
    options.check()
    project = open_project(args.project)
    if args.plan is not None:
        return _extract_planned(args, project)
    sessions = find_sessions(project, args.videos)
    unknown = [name for name in args.sessions or () if name not in sessions]
    if unknown:
        faults = [f"no session '{name}': there are {', '.join(sessions)}" for name in unknown]
        raise_collected(DataError, "--sessions", faults)
    chosen = {name: videos for name, videos in sessions.items() if name in (args.sessions or sessions)}
    sheets = _sheets(args.contact_sheet, list(chosen))
    console, failed, plans = Console(), False, []
    together = None if options.total is None else _choose_together(args, project, options, chosen)
    for name, videos in chosen.items():
        try:
            if together is not None and name not in together:
                continue  # nothing of it is among the worst
            plan = _choose(args, project, options, (name, videos)) if together is None else together[name]
            plans.append(plan)
            if name in sheets and plan.picks:
                _draw_sheet(sheets[name], plan, console)
            _write(args, project, plan, console)
        except PoseError as error:
            failed = True
            print_error(f"error: session '{name}': {error}")
        except KeyboardInterrupt:
            raise KeyboardInterrupt("The same command goes on.") from None
    if args.save_plan is not None:
        write_plans(args.save_plan, plans)
    return FAULT if failed else 0


def _extract_planned(args: argparse.Namespace, project: "Project") -> int:
    """Write the frames of a plan.

    Raises:
        PoseError: when the plan does not fit the videos, or an image cannot be written.
    """
    from rich.console import Console

    from lightning_pose.frames.plan_file import read_plans

    for plan in read_plans(args.plan, project):
        _write(args, project, plan, Console())
    return 0


def _choose(
    args: argparse.Namespace,
    project: "Project",
    options: "Options",
    session: tuple[str, dict[str, Path]],
) -> "Plan":
    """Choose the frames of one session."""
    from lightning_pose.core.progress_bar import counted
    from lightning_pose.core.video import probe
    from lightning_pose.frames.planning import plan_frames

    name, videos = session
    reads = options.method in ("kmeans", "difficult")
    total = probe(next(iter(videos.values()))).n_frames if reads else None
    with counted(f"{name or 'session'}: looking", total, args.progress_file) as tell:
        return plan_frames(project, name, videos, options, progress=tell)


def _choose_together(
    args: argparse.Namespace, project: "Project", options: "Options", sessions: dict[str, dict[str, Path]]
) -> "dict[str, Plan]":
    """Choose the frames of all sessions, ranked as one; of some it may be none."""
    from lightning_pose.core.progress_bar import counted
    from lightning_pose.core.video import probe
    from lightning_pose.frames.planning import plan_together

    total = sum(probe(next(iter(videos.values()))).n_frames for videos in sessions.values())
    with counted("looking", total, args.progress_file) as tell:
        plans = plan_together(project, sessions, options, progress=tell)
    return {plan.session.name: plan for plan in plans}


def _draw_sheet(path: Path, plan: "Plan", console: "Console") -> None:
    """Write the contact sheet of a session, and say where."""
    from lightning_pose.frames.contact import write_contact_sheet

    write_contact_sheet(path, plan.session, [pick.frame for pick in plan.picks])
    text = f"{plan.session.name or 'session'}: contact sheet {path}"
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _write(args: argparse.Namespace, project: "Project", plan: "Plan", console: "Console") -> None:
    """Write the images of one session unless it is a dry run, and say which."""
    from lightning_pose.core.progress_bar import counted
    from lightning_pose.frames.extraction import append_rows, extract

    title, frames = plan.session.name or "session", [pick.frame for pick in plan.picks]
    if not frames:
        console.print(f"{title}: no further frame", markup=False, highlight=False)
        return
    if not args.dry_run:
        with counted(f"{title}: images", plan.images, args.progress_file) as tell:
            rows = extract(project, plan, progress=tell)
        if args.label_rows:
            append_rows(project, rows)
    what = "would extract" if args.dry_run else "extracted"
    text = f"{title}: {what} {len(frames)} frames, {plan.images} images with neighbours: "
    console.print(text + ", ".join(map(str, frames)), markup=False, highlight=False, soft_wrap=True)
    for pick in plan.picks:
        for reason in pick.reasons[:1]:
            console.print(f"  {pick.frame}: {reason}", markup=False, highlight=False, soft_wrap=True)


def _sheets(path: Path | None, names: list[str]) -> dict[str, Path]:
    """Return the contact sheet of every session: the file itself if there is one, else named after them.

    Raises:
        DataError: when it has not the name of a JPEG.
    """
    from lightning_pose.frames.contact import check_name

    if path is None:
        return {}
    check_name(path)
    if len(names) == 1:
        return {names[0]: path}
    return {name: path.with_stem(f"{path.stem}_{name}") for name in names}

"""`litpose report`: a page for every session that was predicted."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lightning_pose.core.project import Project
    from lightning_pose.frames.files import SessionFiles

HELP = "write a page for every predicted session: traces, and the frames that are worth a look"
EPILOG = """\
examples:
  litpose report models/m                                  all sessions that the model has predicted
  litpose report models/ensemble --smoothed smoothed/s1    with what the smoother thinks
  litpose report smoothed/s1 --project path/to/project     what eks made of a session, and was given for it
  litpose report models/ensemble --member 1                one network of an ensemble by itself
  litpose report models/m --only_ranking                   say which frames are worth a look, without a page
  litpose report detections/ --project path/to/project     tables of any other program in the same format

One HTML file per session, PREDICTIONS/reports/SESSION.html; nothing in it is loaded from elsewhere. Beside
it, SESSION.json is the ranking of the session's frames, which the app and `litpose extract` use as well.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = EPILOG
    add = parser.add_argument
    add("predictions", type=Path, metavar="PREDICTIONS", help="a model, or a folder of tables")
    add("--project", type=Path, metavar="DIR", help="views, skeleton, videos, cameras (default: the model's)")
    add("--sessions", nargs="+", metavar="NAME", help="only these (default: all)")
    add("--videos", type=Path, metavar="DIR", help="for pictures (default: videos in the project)")
    add("--smoothed", type=Path, metavar="DIR", help="output folder of eks of one of the sessions")
    add(
        "--calibration",
        type=Path,
        metavar="FILE",
        help="cameras of all sessions (default: those of the project)",
    )
    add("--member", type=int, metavar="SEED", help="only this network of an ensemble, by itself")
    add("--count", type=int, default=24, metavar="N", help="frames to list, at most (default: %(default)s)")
    add("--out_dir", type=Path, metavar="DIR", help="folder of the pages (default: reports in PREDICTIONS)")
    add("--only_ranking", action="store_true", help="write the rankings that are not up to date, and no page")
    add("--progress_file", type=Path, metavar="FILE", help="JSON with how far it is, for programs that wait")


def run(args: argparse.Namespace) -> int:
    """Write the pages; return 2 when one could not be written, else 0.

    Raises:
        PoseError: when there is no project, or nothing was predicted.
    """
    from lightning_pose.core.errors import ConfigError, DataError, PoseError, raise_collected
    from lightning_pose.core.naming import group_by_session
    from lightning_pose.core.sessions import videos_in
    from lightning_pose.core.terminal import FAULT, print_error
    from lightning_pose.frames.files import find_files

    if args.count < 1:
        raise ConfigError(f"--count: expected 1 or more, got {args.count}")
    project = _project(args)
    if args.videos is not None and not args.videos.is_dir():
        raise DataError(f"--videos: {args.videos} is not a folder")
    videos = group_by_session(videos_in(args.videos), project.view_names) if args.videos else project.videos()
    found = find_files(
        args.predictions, project.views, member=args.member, smoothed=args.smoothed, videos=videos
    )
    unknown = [name for name in args.sessions or () if name not in found]
    if unknown:
        faults = [f"'{name}' was not predicted: there are {', '.join(found)}" for name in unknown]
        raise_collected(DataError, "--sessions", faults)
    failed = False
    for name, files in found.items():
        if args.sessions and name not in args.sessions:
            continue
        try:
            _write(args, project, files)
        except PoseError as error:
            failed = True
            print_error(f"error: session '{name}': {error}")
    return FAULT if failed else 0


def _write(args: argparse.Namespace, project: "Project", files: "SessionFiles") -> None:
    """Write the page of a session, or its ranking alone, and say where."""
    from lightning_pose.core.calibration import Rig, find_calibration
    from lightning_pose.core.progress_bar import counted
    from lightning_pose.frames.files import REPORTS
    from lightning_pose.frames.ranking import pick
    from lightning_pose.frames.ranking_file import rank_session
    from lightning_pose.frames.stream import Table
    from lightning_pose.report import write_report

    title = files.name or "session"
    if args.out_dir is not None:
        files = replace(files, reports=args.out_dir)
    path = args.calibration or find_calibration(project.folder, files.name)
    rig = None if path is None or len(project.views) < 2 else Rig.load(path)
    total = Table(next(iter(files.predictions.values()))[0]).count * (1 if args.only_ranking else 2)
    with counted(f"{title}: looking for difficult frames", total, args.progress_file) as tell:
        if args.only_ranking:
            saved = rank_session(files, project.skeleton, rig=rig, count=args.count, progress=tell)
            listed, where = pick(saved.candidates, args.count), files.ranking
        else:
            where = (args.out_dir or args.predictions / REPORTS) / f"{files.stem}.html"
            listed = write_report(where, files, project.skeleton, rig=rig, count=args.count, progress=tell)
    print(f"{title}: {len(listed)} frames are worth a look: {where}")
    for item in listed if args.only_ranking else ():
        print(f"  {item.frame}: {item.reasons[0]}")


def _project(args: argparse.Namespace) -> "Project":
    """Return the project that was given, or that the model was trained on.

    Raises:
        DataError: when there is none.
    """
    import yaml

    from lightning_pose.core.errors import DataError
    from lightning_pose.core.project import open_project

    if args.project is not None:
        return open_project(args.project)
    configs = sorted(args.predictions.glob("config.yaml")) or sorted(args.predictions.glob("*/config.yaml"))
    said = yaml.safe_load(configs[0].read_text(encoding="utf-8")) if configs else None
    data = said.get("data") if isinstance(said, dict) else None
    folder = data.get("data_dir") if isinstance(data, dict) else None
    if not folder or not Path(folder).is_dir():
        where = f"; the model was trained on {folder}, which is not there" if folder else ""
        raise DataError(f"{args.predictions} does not say which project it is of{where}: give --project")
    return open_project(folder)

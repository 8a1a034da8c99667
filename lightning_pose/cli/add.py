"""`litpose add`: puts recordings into a project, looked at and compared, themselves untouched."""

import argparse
from pathlib import Path

HELP = "put recordings into a project, checked, without changing them"
EPILOG = """\
examples:
  litpose add path/to/project recordings/
  litpose add path/to/project s1_top.mp4 s1_side.mp4 --copy
  litpose add path/to/project recordings/ --dry_run        look first

A recording gets a second name in videos/ (a hard link: no room, no change), or is copied where that cannot
be. What a browser does not play gets a copy for the browser in .litpose/proxies, frame for frame; programs
read the recording itself. An interrupted run is continued by the same command.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = EPILOG
    add = parser.add_argument
    add("project", type=Path, metavar="PROJECT", help="folder of the project")
    add("videos", type=Path, nargs="+", metavar="VIDEOS", help="files named SESSION_VIEW, or folders of such")
    add("--copy", action="store_true", help="copy them instead of giving them a second name")
    add("--no_proxies", action="store_true", help="make no copies for the browser")
    add("--dry_run", action="store_true", help="say what would be done, and do nothing")
    add("--progress_file", type=Path, metavar="FILE", help="JSON with how far it is, for programs that wait")


def run(args: argparse.Namespace) -> int:
    """Look at the recordings, say what they are, and put them in place.

    Raises:
        PoseError: when a session cannot be added; then none is.
    """
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from lightning_pose.core.progress_file import ProgressFile
    from lightning_pose.core.project import open_project
    from lightning_pose.projects.sessions import add_sessions, plan_sessions

    project = open_project(args.project)
    planned = plan_sessions(project, args.videos)
    for session in planned:
        info = next(iter(session.infos.values()), None)
        size = ""
        if info is not None:
            size = f", {info.n_frames} frames at {info.fps:g}/s, {info.width} x {info.height}"
        print(f"{session.name}: {len(session.videos)} of {len(project.views)} views{size}")
        for text in (*session.faults, *session.notes):
            print(f"  {text}")
    if args.dry_run:
        return 0
    bars: dict[str, TaskID] = {}
    kept, encoded = ProgressFile(args.progress_file), {}
    frames = sum(
        session.infos[view].n_frames
        for session in planned
        for view, verdict in session.verdicts.items()
        if verdict.action == "transcode"
    )
    with Progress(console=Console(stderr=True), transient=True) as shown:

        def report(name: str, done: int, total: int) -> None:
            if name not in bars:
                bars[name] = shown.add_task(name, total=total)
            shown.update(bars[name], completed=done)
            encoded[name] = done
            kept.tell(sum(encoded.values()), frames, name)

        how = "copy" if args.copy else "link"
        added = add_sessions(project, planned, how=how, proxies=not args.no_proxies, report=report)
    copied = sum(one.how == "copy" for one in added)
    proxies = sum(one.proxy is not None for one in added)
    print(f"in place: {len(added)} videos, {copied} of them copied; {proxies} copies for the browser")
    print(f"choose frames with: litpose extract {args.project}")
    return 0

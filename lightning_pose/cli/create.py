"""`litpose create`: makes a project, or one around the labels that DeepLabCut left."""

import argparse
from pathlib import Path

HELP = "make a project: its views, keypoints, lines and pairs of sides"
EPILOG = """\
examples:
  litpose create mice --views top side --keypoints nose ear_left ear_right tail
  litpose create mice --views top side --keypoints nose tail --edges nose-tail
  litpose create people --views cam1 cam2 cam3 --skeleton coco17
  litpose create --from_dlc path/to/dlc/project          adds two files there, changes none

Views are what the names of videos end in: mouse3_top.mp4 is session mouse3, view top.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = EPILOG
    add = parser.add_argument
    add("folder", type=Path, nargs="?", metavar="PROJECT", help="folder to make")
    add("--views", nargs="+", default=[], metavar="NAME", help="cameras (default: a single one)")
    add("--keypoints", nargs="+", default=[], metavar="NAME", help="what is labeled")
    add("--skeleton", metavar="NAME", help="keypoints, lines and sides of a skeleton that comes with litpose")
    add(
        "--edges", nargs="+", metavar="A-B",
        help="keypoints that a line joins (default: those of a built-in skeleton with these names)",
    )  # fmt: skip
    add(
        "--swaps", nargs="+", metavar="LEFT-RIGHT",
        help="keypoints that change places in a mirror (default: read off the names)",
    )  # fmt: skip
    add("--from_dlc", type=Path, metavar="DIR", help="project of DeepLabCut to make readable in its place")


def run(args: argparse.Namespace) -> int:
    """Make the project and say what comes next.

    Raises:
        PoseError: when names cannot be used, or there is a project already.
    """
    from lightning_pose.core.errors import ConfigError
    from lightning_pose.projects.create import adopt_deeplabcut, known_skeleton, new_project

    if args.from_dlc is not None:
        if args.folder is not None or args.keypoints or args.skeleton:
            raise ConfigError("--from_dlc: takes everything from that project, so give nothing beside it")
        adopted = adopt_deeplabcut(args.from_dlc)
        print("\n".join(f"written: {path}" for path in adopted.written))
        print(f"look at it with: litpose app {adopted.project.folder}")
        return 0
    if args.folder is None:
        raise ConfigError("expected the folder of the project to make")
    names, edges, swaps = args.keypoints, _pairs(args.edges, "--edges"), _pairs(args.swaps, "--swaps")
    if args.skeleton is not None:
        if names:
            raise ConfigError("--skeleton: has its own keypoints, so leave out --keypoints")
        names = known_skeleton(args.skeleton).names
    project = new_project(args.folder, names, args.views, edges=edges, swaps=swaps)
    skeleton = project.skeleton
    print(f"project: {project.folder}")
    print(f"views: {', '.join(project.view_names) or 'a single one'}")
    print(f"keypoints: {len(skeleton.names)}, lines: {len(skeleton.edges)}, pairs: {len(skeleton.swaps)}")
    print(f"put recordings in place with: litpose add {project.folder} VIDEOS")
    return 0


def _pairs(words: list[str] | None, option: str) -> list[tuple[str, str]] | None:
    """Return the pairs of `A-B`; a name that has a hyphen itself is cut at the last one."""
    if words is None:
        return None
    from lightning_pose.core.errors import ConfigError, raise_collected

    wrong = [word for word in words if not all(word.rpartition("-")[::2])]
    if wrong:
        raise_collected(ConfigError, f"{option}: expected pairs such as nose-tail", wrong)
    return [(word.rpartition("-")[0], word.rpartition("-")[2]) for word in words]

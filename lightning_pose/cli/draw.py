"""`litpose draw`: draws predictions or smoothed trajectories on their videos."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lightning_pose.core.poses import Poses
    from lightning_pose.core.skeletons import Skeleton

HELP = "draw predictions or smoothed trajectories on their videos"
EXAMPLES = """examples:
  litpose draw --video videos/s1.mp4 --poses models/mouse/video_preds/s1.csv
  litpose draw --video videos/s1.mp4 --poses smoothed/s1.csv --out clip.mp4 --start 500 --stop 800 \\
      --trail 20 --ellipses --confidence_threshold 0.5
  litpose draw --video videos/s1_*.mp4 --poses smoothed/multicam_*_results.csv --view_names cam0 cam1 \\
      --model models/mouse --mosaic --out s1_mosaic.mp4
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `litpose draw`."""
    parser.epilog = EXAMPLES
    group = parser.add_argument_group("input and output")
    group.add_argument(
        "--video", type=Path, nargs="+", required=True, metavar="V", help="a video, or one of every view"
    )
    group.add_argument(
        "--poses", type=Path, nargs="+", required=True, metavar="CSV",
        help="predictions or smoothed trajectories, a file per video in the same order",
    )  # fmt: skip
    group.add_argument(
        "--view_names", nargs="+", default=[], metavar="VIEW",
        help="views, which the names of videos and files then say, in any order",
    )  # fmt: skip
    group.add_argument(
        "--out", type=Path, metavar="O",
        help="video to write; of several videos without --mosaic, the folder (default: beside the poses)",
    )  # fmt: skip
    group.add_argument("--mosaic", action="store_true", help="one video of all views side by side")
    group.add_argument("--overwrite", action="store_true", help="replace videos that are there")
    group.add_argument(
        "--progress_file", type=Path, metavar="FILE", help="JSON with how far it is, for programs that wait"
    )
    group = parser.add_argument_group("what is drawn")
    group.add_argument("--start", type=_count, default=0, metavar="N", help="first frame (default: 0)")
    group.add_argument("--stop", type=_count, metavar="N", help="frame to stop before (default: the end)")
    group.add_argument(
        "--trail", type=_count, default=0, metavar="N", help="lines through the last N frames, fading"
    )
    group.add_argument(
        "--ellipses", action="store_true",
        help="where the truth is with 95 %% probability: needs <axis>_posterior_var, as eks writes it",
    )  # fmt: skip
    group.add_argument(
        "--confidence_threshold", type=_share, default=0.0, metavar="P",
        help="leave out points of less confidence (default: 0)",
    )  # fmt: skip
    group.add_argument("--opaque", action="store_true", help="full opacity, whatever the confidence")
    group.add_argument("--dot_size", type=_length, metavar="PX", help="radius of points (default: to suit)")
    source = group.add_mutually_exclusive_group()
    source.add_argument(
        "--model", type=Path, metavar="DIR", help="lines and sides of the keypoints: those of a model"
    )
    source.add_argument("--project", type=Path, metavar="DIR", help="those of a project")
    source.add_argument(
        "--skeleton", metavar="NAME", help="those of a built-in skeleton (default: what the names suggest)"
    )


def run(args: argparse.Namespace) -> int:
    """Draw, and say where the videos are.

    Raises:
        PoseError: when files do not fit together, or would be replaced.
    """
    from lightning_pose.core.errors import DataError
    from lightning_pose.core.overlay import Style, write_labeled_videos
    from lightning_pose.core.progress_bar import counted
    from lightning_pose.core.video import probe

    videos, tables = pair(args.video, args.poses, args.view_names)
    lengths = {view: probe(path, partial=True).n_frames for view, path in videos.items()}
    poses = {view: read_rows(tables[view], lengths[view]) for view in videos}
    lacking = [str(tables[view]) for view in videos if poses[view].variance is None]
    if args.ellipses and lacking:
        raise DataError(
            f"{', '.join(lacking)}: no x_posterior_var and y_posterior_var, so there are no ellipses to "
            "draw: smooth the predictions with eks, or leave --ellipses out"
        )
    outputs, whole = targets(args, tables)
    made = [*outputs.values(), *([whole] if whole else [])]
    read = {path.resolve() for path in (*videos.values(), *tables.values())}
    same = [str(path) for path in made if path.resolve() in read]
    if same:
        raise DataError(f"{', '.join(same)} is what is to be drawn, and is not replaced: --out names another")
    there = [str(path) for path in made if path.exists()]
    if there and not args.overwrite:
        raise DataError(f"{', '.join(there)} exists already: --overwrite replaces it, --out names another")
    skeleton = find_skeleton(args, next(iter(poses.values())).names)
    style = Style(args.trail, args.ellipses, args.confidence_threshold, args.opaque, args.dot_size)
    n = min(args.stop or max(lengths.values()), max(lengths.values())) - args.start
    with counted("draw", max(n, 0), args.progress_file) as tell:
        write_labeled_videos(
            videos, poses, skeleton, outputs=outputs, mosaic_output=whole, start=args.start, stop=args.stop,
            style=style, on_frame=lambda: tell(1),
        )  # fmt: skip
    for path in made:
        print(path)
    return 0


def pair(
    videos: list[Path], tables: list[Path], view_names: list[str]
) -> tuple[dict[str, Path], dict[str, Path]]:
    """Return videos and poses by view: as the views say, or in the order given and named like the videos.

    Raises:
        DataError: when their numbers differ, or a view has none or two.
    """
    from lightning_pose.core.errors import DataError, raise_collected
    from lightning_pose.core.naming import find_view

    if not view_names:
        if len(videos) != len(tables):
            raise DataError(
                f"expected a file of poses for every video, got {len(videos)} videos and {len(tables)} files"
            )
        names = [""] if len(videos) == 1 else [path.stem for path in videos]
        if len(set(names)) < len(names):
            raise DataError("two videos have the same name: say with --view_names which view is which")
        return dict(zip(names, videos, strict=True)), dict(zip(names, tables, strict=True))
    sorted_files: list[dict[str, Path]] = []
    faults = []
    for what, paths in (("video", videos), ("file of poses", tables)):
        by_view: dict[str, list[Path]] = {view: [] for view in view_names}
        for path in paths:
            try:
                by_view[find_view(path.stem, view_names)[1]].append(path)
            except DataError as error:
                faults.append(f"{path}: {error}")
        for view, found in by_view.items():
            if len(found) != 1:
                listed = ", ".join(map(str, found)) or "none"
                faults.append(f"view '{view}': expected one {what}, found {listed}")
        sorted_files.append({view: found[0] for view, found in by_view.items() if found})
    if faults:
        raise_collected(DataError, "videos and poses cannot be put together", faults)
    return sorted_files[0], sorted_files[1]


def read_rows(path: Path, n_frames: int) -> "Poses":
    """Return the poses of all frames of a video, NaN where a table begins later, ends earlier or has gaps.

    Raises:
        DataError: when the table is not of this video: it has other frames, or images.
    """
    import dataclasses

    import numpy as np

    from lightning_pose.core.errors import DataError
    from lightning_pose.core.tables import read_poses

    poses = read_poses(path)
    if poses.dims != 2:
        raise DataError(f"{path}: expected pixels, got world coordinates: give the files of the views")
    if poses.frames.dtype.kind != "i":
        raise DataError(f"{path}: expected a row per frame of a video, got rows of images")
    if len(poses) and not 0 <= poses.frames.min() <= poses.frames.max() < n_frames:
        raise DataError(f"{path}: has frame {poses.frames.max()}, but the video ends at {n_frames - 1}")
    if len(poses) == n_frames:
        return dataclasses.replace(poses.rows(np.argsort(poses.frames)), extras={})
    rows = {}
    for name in ("points", "likelihood", "variance"):
        known = getattr(poses, name)
        if known is not None:
            rows[name] = np.full((n_frames, *known.shape[1:]), np.nan)
            rows[name][poses.frames] = known
    return type(poses)(poses.names, frames=np.arange(n_frames), **rows)


def targets(args: argparse.Namespace, tables: dict[str, Path]) -> tuple[dict[str, Path], Path | None]:
    """Return the videos to write, by view, and the mosaic."""
    first = next(iter(tables.values()))
    if args.mosaic:
        return {}, args.out or first.with_name(f"{first.stem}_mosaic.mp4")
    if len(tables) == 1:
        return {next(iter(tables)): args.out or first.with_name(f"{first.stem}_labeled.mp4")}, None
    names = {view: f"{path.stem}_labeled.mp4" for view, path in tables.items()}
    return {view: (args.out or tables[view].parent) / name for view, name in names.items()}, None


def find_skeleton(args: argparse.Namespace, names: tuple[str, ...]) -> "Skeleton":
    """Return the lines between keypoints, and their sides.

    Raises:
        PoseError: when there is no such model, project or built-in skeleton.
    """
    from lightning_pose.core.errors import DataError
    from lightning_pose.core.project import open_project
    from lightning_pose.core.skeletons import builtin_skeletons, guess_skeleton

    if args.model is not None:
        from lightning_pose.predict.model import open_model

        return open_model(args.model).skeleton
    if args.project is not None:
        return open_project(args.project).skeleton
    if args.skeleton is None:
        return guess_skeleton(names)
    known = builtin_skeletons()
    if args.skeleton not in known:
        raise DataError(f"no built-in skeleton '{args.skeleton}': there are {', '.join(sorted(known))}")
    return known[args.skeleton]


def _share(text: str) -> float:
    """Return a number from 0 to 1."""
    number = float(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"expected 0 to 1, got {text}")
    return number


def _length(text: str) -> float:
    """Return a length in px."""
    number = float(text)
    if not number > 0:
        raise argparse.ArgumentTypeError(f"expected more than 0, got {text}")
    return number


def _count(text: str) -> int:
    """Return a number of frames."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"expected 0 or more, got {number}")
    return number

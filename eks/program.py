"""The programs behind the verbs: find the files, smooth, write the tables."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from eks.inputs import SCORER, Found, list_tables, sort_by_camera
from eks.multicam import Options, Result, smooth
from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import DataError
from lightning_pose.core.files import write_json
from lightning_pose.core.tables import write_poses


def run_multicam(args: argparse.Namespace, s: float | Sequence[float] | None) -> Result:
    """Run `eks multicam`.

    Raises:
        PoseError: when files, calibration or flags do not fit together.
    """
    begin = time.perf_counter()
    rig = None
    if args.calibration is not None:
        rig = Rig.load(args.calibration)
        if args.camera_names and set(args.camera_names) != set(rig.names):
            rig = rig.check(args.camera_names, path=args.calibration)
        elif args.camera_names:
            say("--camera-names: with a calibration its cameras are used, in its order")
        cameras = rig.names
    elif args.camera_names:
        cameras = tuple(args.camera_names)
    else:
        raise DataError("expected --calibration, or --camera-names for smoothing without one")
    found = sort_by_camera(list_tables(args.input_dir, args.input_files), cameras)
    tell_left_out(found)
    options = Options(
        s=s,
        keypoints=args.bodypart_list,
        robust=args.robust,
        quantile_keep_pca=args.quantile_keep_pca,
        n_latent=args.n_latent,
        s_frames=args.s_frames,
        blocks=args.blocks,
    )
    result = smooth(found.files, rig, options, progress=say if args.verbose else None)
    read = time.perf_counter() - begin - sum(result.record["seconds"].values())
    folder: Path = args.save_dir
    for camera, poses in result.views.items():
        write_poses(folder / f"multicam_{camera}_results.csv", poses, scorer=SCORER)
    if result.world is not None:
        write_poses(folder / "multicam_3d_results.csv", result.world, scorer=SCORER)
    if args.make_plot:
        from eks.pictures import plot_traces

        plot_traces(folder / "multicam_traces.pdf", result.views, result.world)
    finish(folder / "multicam_results.json", result, found, args, (begin, read))
    return result


def finish(
    path: Path, result: Result, found: Found, args: argparse.Namespace, clock: tuple[float, float]
) -> None:
    """Write the side-car file, and with --verbose tell s and the seconds."""
    begin, read = clock
    seconds = {"read": round(read, 4), **result.record["seconds"]}
    total = time.perf_counter() - begin
    seconds |= {"write": round(total - sum(seconds.values()), 4), "total": round(total, 4)}
    files = {camera: [str(file) for file in files] for camera, files in found.files.items()}
    left_out = {str(file): reason for file, reason in found.left_out.items()}
    flags = {name: str(value) if isinstance(value, Path) else value for name, value in vars(args).items()}
    flags["input_files"] = None if args.input_files is None else [str(file) for file in args.input_files]
    write_json(
        path, {**result.record, "seconds": seconds, "files": files, "left_out": left_out, "flags": flags}
    )
    if args.verbose:
        for name, entry in result.record["keypoints"].items():
            say(f"{name}: s {entry['s']:.4g}, log-likelihood {entry['log_likelihood']:.2f}")
        say(", ".join(f"{stage} {value:.2f} s" for stage, value in seconds.items()))


def tell_left_out(found: Found) -> None:
    """Name the files that were not smoothed."""
    for path, reason in found.left_out.items():
        say(f"left out: {path.name} {reason}")


def say(message: str) -> None:
    """Tell a person something that is no result."""
    print(message, file=sys.stderr)

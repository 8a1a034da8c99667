"""The programs behind the verbs: find the files, smooth, write the tables."""

import argparse
import dataclasses
import time
from pathlib import Path
from typing import Any

from eks.flags import s_value
from eks.inputs import SCORER, Found, list_tables, say, sort_by_camera, tell_left_out
from eks.multicam import Options, Result, smooth
from eks.progress import Bar, Progress, tell_stages
from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import DataError
from lightning_pose.core.files import write_json
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_poses


class Run:
    """One run of a verb: its clock, its folder, and what it writes."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.folder: Path = args.save_dir
        self.begin = time.perf_counter()
        self._bar = Bar()
        self.progress: Progress = tell_stages() if args.verbose else self._bar

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *fault: object) -> None:
        self._bar.close()

    def write(self, tables: dict[str, Poses], record_name: str, result: Result, found: Found) -> None:
        """Write tables by file name, the plot if it is asked for, and the side-car file."""
        for note in result.record["notes"]:
            say(f"note: {note}")
        read = time.perf_counter() - self.begin - sum(result.record["seconds"].values())
        for name, poses in tables.items():
            write_poses(self.folder / name, poses, scorer=SCORER)
        stem = Path(record_name).stem.removesuffix("_results")
        if self.args.make_plot:
            from eks.pictures import plot_traces

            plot_traces(self.folder / f"{stem}_traces.pdf", result.views, result.world)
        if self.args.report:
            from eks.report import write_report

            write_report(self.folder / f"{stem}_report.pdf", result)
        record = result.record | {"seconds": self._seconds(read, result.record["seconds"])}
        record |= {
            "files": {camera: [str(file) for file in files] for camera, files in found.files.items()},
            "left_out": {str(file): reason for file, reason in found.left_out.items()},
            "flags": {name: _plain(value) for name, value in vars(self.args).items()},
        }
        write_json(self.folder / record_name, record)
        if self.args.verbose:
            self._tell(record)

    def _seconds(self, read: float, stages: dict[str, float]) -> dict[str, float]:
        """Return the time of every stage."""
        total = time.perf_counter() - self.begin
        seconds = {"read": round(read, 4), **stages}
        return {**seconds, "write": round(total - sum(seconds.values()), 4), "total": round(total, 4)}

    def _tell(self, record: dict[str, Any]) -> None:
        """Tell the smoothing parameters and the seconds."""
        for name, entry in record["keypoints"].items():
            chosen = {key: value for key, value in entry.items() if key in ("s", "diameter_s", "com_s")}
            told = ", ".join(f"{key} {value:.4g}" for key, value in chosen.items())
            say(f"{name}: {told}, log-likelihood {entry['log_likelihood']:.2f}")
        say(", ".join(f"{stage} {value:.2f} s" for stage, value in record["seconds"].items()))


def run_multicam(args: argparse.Namespace) -> Result:
    """Run `eks multicam`.

    Raises:
        PoseError: when files, calibration or flags do not fit together.
    """
    with Run(args) as run:
        rig = None
        if args.calibration is not None:
            rig = Rig.load(args.calibration)
            if args.camera_names and set(args.camera_names) != set(rig.names):
                rig = rig.check(args.camera_names, path=args.calibration)
            elif args.camera_names:
                say("--camera-names: the calibration's cameras are used, in its order")
            cameras = rig.names
        elif args.camera_names:
            cameras = tuple(args.camera_names)
        else:
            raise DataError("expected --calibration, or --camera-names for smoothing without one")
        found = sort_by_camera(list_tables(args.input_dir, args.input_files), cameras)
        tell_left_out(found)
        result = smooth(found.files, rig, options_of(args), progress=run.progress)
        tables = {f"multicam_{camera}_results.csv": poses for camera, poses in result.views.items()}
        if result.world is not None:
            tables["multicam_3d_results.csv"] = (
                with_covariance(result) if args.full_covariance else result.world
            )
        run.write(tables, "multicam_results.json", result, found)
        return result


def run_singlecam(args: argparse.Namespace) -> Result:
    """Run `eks singlecam`.

    Raises:
        PoseError: when files or flags do not fit together.
    """
    from eks import singlecam

    with Run(args) as run:
        found = list_tables(args.input_dir, args.input_files)
        tell_left_out(found)
        result = singlecam.smooth(found.files[""], options_of(args), progress=run.progress)
        name = args.save_filename or "eks_singlecam.csv"
        run.write({name: result.views[singlecam.CAMERA]}, f"{Path(name).stem}.json", result, found)
        return result


def run_mirrored(args: argparse.Namespace) -> Result:
    """Run `eks mirrored-multicam`.

    Raises:
        PoseError: when files or flags do not fit together.
    """
    from eks import mirrored

    with Run(args) as run:
        if not args.camera_names:
            raise DataError("expected --camera-names: the ends of the keypoints' names, such as top bot")
        found = list_tables(args.input_dir, args.input_files)
        tell_left_out(found)
        result, table = mirrored.smooth(
            found.files[""], args.camera_names, options_of(args), progress=run.progress
        )
        name = args.save_filename or "eks_mirrored_multicam.csv"
        run.write({name: table}, f"{Path(name).stem}.json", result, found)
        return result


def run_pupil(args: argparse.Namespace) -> Result:
    """Run `eks ibl-pupil`.

    Raises:
        PoseError: when files or flags do not fit together.
    """
    from eks import pupil

    with Run(args) as run:
        found = list_tables(args.input_dir, args.input_files)
        tell_left_out(found)
        options = pupil.PupilOptions(args.diameter_s, args.com_s, robust=args.robust, s_frames=args.s_frames)
        result = pupil.smooth(found.files[""], options, progress=run.progress)
        name = args.save_filename or "eks_ibl_pupil.csv"
        run.write({name: result.views[pupil.VIEW]}, f"{Path(name).stem}.json", result, found)
        return result


def run_paw(args: argparse.Namespace) -> Result:
    """Run `eks ibl-paw`.

    Raises:
        PoseError: when files or flags do not fit together.
    """
    from eks import paw

    with Run(args) as run:
        found = list_tables(args.input_dir, args.input_files)
        tell_left_out(found)
        folder = args.input_dir or Path(found.files[""][0]).parent
        result = paw.smooth(paw.sort_files(found.files[""], folder), options_of(args), progress=run.progress)
        tables = {f"multicam_{camera}_results.csv": poses for camera, poses in result.views.items()}
        run.write(tables, "multicam_results.json", result, found)
        return result


def with_covariance(result: Result) -> Poses:
    """Return the points in the world with the covariances of their coordinates as further columns."""
    assert result.world is not None
    pairs = {"xy": (0, 1), "xz": (0, 2), "yz": (1, 2)}
    covariance = result.smoothed.covariance
    extras = {f"{name}_posterior_cov": covariance[..., i, j] for name, (i, j) in pairs.items()}
    return dataclasses.replace(result.world, extras=extras)


def options_of(args: argparse.Namespace) -> Options:
    """Return the flags as the smoothers take them; a verb need not have all."""
    return Options(
        s=s_value(args.s),
        keypoints=getattr(args, "bodypart_list", None),
        robust=args.robust,
        quantile_keep_pca=getattr(args, "quantile_keep_pca", 95.0),
        n_latent=getattr(args, "n_latent", 3),
        motion=args.motion,
        skeleton=getattr(args, "skeleton", ()),
        s_frames=args.s_frames,
        blocks=args.blocks,
    )


def _plain(value: Any) -> Any:
    """Return a flag as JSON knows it."""
    if isinstance(value, Path):
        return str(value)
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value

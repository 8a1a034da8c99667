"""The smoother on synthetic truth: 3D error and coverage, beside per-frame methods and the released peer.

    python benchmarks/eks_synthetic.py [--peer PATH/TO/eks] [--views 3 6] [--frames 600] [--seeds 0]

Occlusions, swaps of left and right, teleports, outliers and correlated errors are in the ensemble. Missing
points are left out where the peer runs, since it cannot read them.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from eks.ensemble import combine, plain_variance
from eks.inputs import load
from eks.multicam import Options, smooth
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import read_poses
from lightning_pose.synthetic.ensemble import NoiseModel, simulate_ensemble, write_ensemble
from lightning_pose.synthetic.session import Truth, simulate_truth

INTERVAL = 1.96


def error_mm(points: np.ndarray, truth: Truth) -> str:
    away = np.linalg.norm(points - truth.poses.points, axis=-1)
    mean, median, p95 = np.nanmean(away), np.nanmedian(away), np.nanquantile(away, 0.95)
    return f"mean {mean:.2f}  median {median:.2f}  p95 {p95:.2f} mm"


def coverage(poses: Poses, truth: np.ndarray) -> float:
    assert poses.variance is not None
    return float((np.abs(poses.points - truth) < INTERVAL * np.sqrt(poses.variance)).mean())


def run_peer(peer: Path, truth: Truth, ensemble: dict[int, dict[str, Poses]]) -> Poses:
    """Return the peer's 3D result, with its default flags."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        write_ensemble(scratch / "preds", "walk", ensemble)
        truth.rig.save(scratch / "calibration.toml")
        words = ["--input-dir", scratch / "preds", "--calibration", scratch / "calibration.toml"]
        subprocess.run(
            [peer, "multicam", *words, "--save-dir", scratch / "out"], check=True, capture_output=True
        )
        return read_poses(scratch / "out" / "multicam_3d_results.csv")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer", type=Path, default=None)
    parser.add_argument("--views", type=int, nargs="+", default=[3, 6])
    parser.add_argument("--frames", type=int, default=600)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    args = parser.parse_args()
    noise = NoiseModel(missing=0.0) if args.peer else NoiseModel()
    for views in args.views:
        for seed in args.seeds:
            truth = simulate_truth(views, args.frames, seed=seed)
            ensemble = simulate_ensemble(truth, (0, 1, 2), model=noise, seed=seed)
            members = {name: [ensemble[m][name] for m in ensemble] for name in truth.rig.names}
            print(f"{views} cameras, seed {seed}", flush=True)
            loaded = load(members)
            median = combine(loaded.members.points, None).pixels
            weight = 1 / plain_variance(loaded.ensemble).mean(-1)
            print("  one member  ", error_mm(truth.rig.triangulate(loaded.members.points[0]), truth))
            print("  median      ", error_mm(truth.rig.triangulate(median), truth))
            print("  robust      ", error_mm(truth.rig.triangulate_robust(median, threshold_px=5).xyz, truth))
            print("  weighted    ", error_mm(truth.rig.triangulate(median, weight), truth))
            for label, robust in (("plain", False), ("smoother", True)):
                result = smooth(members, truth.rig, Options(robust=robust))
                assert result.world is not None
                covered = 100 * coverage(result.world, truth.poses.points)
                print(
                    f"  {label:<12}",
                    error_mm(result.world.points, truth),
                    f" covers {covered:.1f} %",
                    flush=True,
                )
            if args.peer:
                found = run_peer(args.peer, truth, ensemble)
                covered = 100 * coverage(found, truth.poses.points)
                print("  peer        ", error_mm(found.points, truth), f" covers {covered:.1f} %", flush=True)


if __name__ == "__main__":
    main()

"""What a run did, for the side-car file beside its tables."""

import dataclasses
import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from eks.skeleton import Bones
from eks.smoother import Smoothed

PACKAGES = ("lightning-pose-3d", "numpy", "scipy")


def describe_run(
    smoothed: Smoothed,
    names: Sequence[str],
    cameras: Sequence[str],
    members: np.ndarray,
    options: Any,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Return s, likelihoods, rounds, what was gated, flags, versions and timings, ready for JSON.

    Args:
        smoothed: the result.
        names: keypoints.
        cameras: in order.
        members: of the ensemble, in each view.
        options: dataclass of the flags.
        notes: what members lack, in words.
    """
    gated = (smoothed.belief < 1).mean(1)
    scale = np.sqrt(np.median(smoothed.observed, axis=(1, 3)))
    return {
        "keypoints": {
            name: {
                "s": float(smoothed.s[k]),
                "log_likelihood": float(smoothed.log_likelihood[k]),
                "variance_inflation": float(smoothed.inflation[k]),
                "observation_sd_px": {camera: float(scale[v, k]) for v, camera in enumerate(cameras)},
                "gated": {camera: float(gated[v, k]) for v, camera in enumerate(cameras)},
            }
            for k, name in enumerate(names)
        },
        "bones": {} if smoothed.bones is None else _describe_bones(smoothed.bones, names),
        "cameras": list(cameras),
        "members": dict(zip(cameras, members.tolist(), strict=True)),
        "notes": list(notes),
        "frames": int(smoothed.state.shape[0]),
        "rounds": smoothed.rounds,
        "moved_px": smoothed.moved,
        "noise": "learned" if smoothed.noise is not None and smoothed.noise.learned else "of the ensemble",
        "posterior_var": "variance of the true position, px^2 or world units^2",
        "options": {key: _plain(value) for key, value in dataclasses.asdict(options).items()},
        "seconds": {stage: round(value, 4) for stage, value in smoothed.seconds.items()},
        "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
    }


def _describe_bones(bones: Bones, names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return length and deviation of every bone, in world units."""
    return {
        f"{names[i]}, {names[j]}": {"length": float(length), "sd": float(np.sqrt(variance))}
        for i, j, length, variance in zip(*bones, strict=True)
    }


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value

"""How to predict."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lightning_pose.core.errors import ConfigError, raise_collected

RATIO = 2.0  # side of a box to extent of the keypoints


@dataclass(frozen=True)
class Options:
    """How to predict.

    Attributes:
        out_dir: folder for the results; the model's own by default.
        sessions: of the videos, only those of these; all by default.
        calibration: a file for all sessions, `none` for no 3D; by default looked for, see `find_rig`.
        overrides: changes of the model's configuration, `key=value`.
        precision: of the forward pass; `auto` is bfloat16 where the device multiplies it in hardware.
        device: as torch names it, or `auto`.
        runtime: what runs the networks: torch, or what `litpose export` wrote.
        compiled: let torch compile the networks.
        batch_size: images at a time, those of all views counted; None for what suits the device.
        num_workers: threads that decode each video; None for as many as help.
        in_flight: sessions at a time; None for 2 on a GPU and 1 elsewhere.
        detector_model: a model that finds the animal; the networks see what its boxes cut out of the frames.
        crop_ratio: side of such a box to extent of the detector's keypoints.
        crop_size: a fixed side (px) instead.
        anchor_keypoints: keypoints of the detector that make the boxes; all by default.
        bbox_dir: folder of files of boxes, in place of a detector.
        allow_unequal: predict sessions whose views differ in length.
        allow_missing_views: predict sessions that lack a view also with networks that look at all together.
        eks: smooth the sessions of an ensemble at the end.
        overwrite: predict anew what has been predicted.
        skip_viz: write no labeled videos and no reports.
        progress_file: JSON that says how far it is, for programs that wait.
    """

    out_dir: Path | None = None
    sessions: Sequence[str] = ()
    calibration: Path | str | None = None
    overrides: Sequence[str] = ()
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    device: str = "auto"
    runtime: Literal["eager", "onnx", "torch_export", "tensorrt"] = "eager"
    compiled: bool = False
    batch_size: int | None = None
    num_workers: int | None = None
    in_flight: int | None = None
    detector_model: Path | None = None
    crop_ratio: float = RATIO
    crop_size: int | None = None
    anchor_keypoints: Sequence[str] = ()
    bbox_dir: Path | None = None
    allow_unequal: bool = False
    allow_missing_views: bool = False
    eks: bool = False
    overwrite: bool = False
    skip_viz: bool = False
    progress_file: Path | None = None

    @property
    def crops(self) -> bool:
        """Whether the networks see parts of the frames."""
        return self.detector_model is not None or self.bbox_dir is not None

    def __post_init__(self) -> None:
        """Refuse what does not go together.

        Raises:
            ConfigError: with every fault.
        """
        faults = []
        if self.compiled and self.runtime != "eager":
            faults.append(f"--compile is torch's: with --runtime {self.runtime} there is nothing to compile")
        if self.bbox_dir is not None and self.detector_model is not None:
            faults.append("--bbox_dir and --detector_model both say where the animal is: choose one")
        if self.bbox_dir is not None and not self.bbox_dir.is_dir():
            faults.append(f"--bbox_dir {self.bbox_dir}: there is no such folder")
        if self.crop_ratio != RATIO and self.crop_size is not None:
            faults.append("--crop_ratio and --crop_size both say how large boxes are: choose one")
        given = {
            "--crop_ratio": self.crop_ratio != RATIO,
            "--crop_size": self.crop_size is not None,
            "--anchor_keypoints": bool(self.anchor_keypoints),
        }
        if self.detector_model is None and any(given.values()):
            listed = ", ".join(name for name, there in given.items() if there)
            faults.append(f"{listed}: only boxes of a --detector_model are made so")
        for name in ("batch_size", "num_workers", "in_flight"):
            value = getattr(self, name)
            if value is not None and value < 1:
                faults.append(f"--{name}: expected 1 or more, got {value}")
        if faults:
            raise_collected(ConfigError, "these options cannot be used", faults)

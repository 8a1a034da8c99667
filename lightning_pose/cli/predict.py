"""`litpose predict`: keypoints for videos and labeled frames, and 3D where the cameras are calibrated."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lightning_pose.predict import Summary

HELP = "predict keypoints in videos or labeled frames, and triangulate them where cameras are calibrated"
EXAMPLES = """examples:
  litpose predict models/m videos/                    every session in a folder, with labeled videos
  litpose predict models/m s1_cam1.mp4 s1_cam2.mp4    one session of two cameras
  litpose predict models/m videos/ --sessions s1 s2   two of them
  litpose predict models/m videos/ --skip_viz --precision fp32 --batch_size 128
  litpose predict models/m path/to/project            the labels of a project, against the labels
  litpose predict models/m CollectedData.csv          the same for one label file
  litpose predict models/ensemble videos/             every member, into one folder for the smoother
  litpose predict models/ensemble videos/ --eks       the same, smoothed at the end

Results go to MODEL_DIR/video_preds and MODEL_DIR/image_preds. What is there already is kept, and what was
predicted before a call was interrupted too, so the same call goes on from there; --overwrite predicts anew.
A session that cannot be predicted is named, the others are done, and the exit code is then 2.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `litpose predict`."""
    parser.epilog = EXAMPLES
    parser.add_argument("model_dir", type=Path, metavar="MODEL_DIR", help="a trained model, or an ensemble")
    parser.add_argument(
        "inputs", type=Path, nargs="+", metavar="INPUT",
        help="videos, folders of videos, label CSVs (those of all views), or a project folder (its labels)",
    )  # fmt: skip
    parser.add_argument(
        "--sessions", nargs="+", default=[], metavar="NAME",
        help="of the videos, only those of these sessions (default: all)",
    )  # fmt: skip
    parser.add_argument("--out_dir", type=Path, help="folder for the results (default: MODEL_DIR)")
    parser.add_argument("--overwrite", action="store_true", help="predict anew what has been predicted")
    parser.add_argument("--skip_viz", action="store_true", help="write no labeled videos and no reports")
    parser.add_argument(
        "--calibration", metavar="FILE",
        help="cameras of all sessions, Anipose TOML; 'none' for no 3D (default: looked for beside the videos "
        "and in the model's project)",
    )  # fmt: skip
    parser.add_argument(
        "--eks", action="store_true",
        help="smooth the sessions of an ensemble at the end: in 3D where calibrated, else view by view",
    )  # fmt: skip
    parser.add_argument(
        "--allow_unequal", action="store_true",
        help="predict sessions whose views differ in length, each view to its end",
    )  # fmt: skip
    parser.add_argument(
        "--allow_missing_views", action="store_true",
        help="predict sessions that lack a view also with networks that look at all views together",
    )  # fmt: skip
    _register_crops(parser.add_argument_group("crops"))
    _register_speed(parser.add_argument_group("speed"))
    parser.add_argument(
        "--progress_file", type=Path, metavar="FILE", help="JSON with how far it is, for programs that wait"
    )
    parser.add_argument("--reader", help=argparse.SUPPRESS)  # of Lightning Pose, which has several
    parser.add_argument(
        "--overrides", nargs="*", default=[], metavar="KEY=VALUE",
        help="changes of the model's configuration, such as data.data_dir=path/to/project; give them last",
    )  # fmt: skip


def _register_crops(group: argparse._ArgumentGroup) -> None:
    """Add what makes networks see parts of the frames."""
    group.add_argument(
        "--detector_model", type=Path, metavar="DIR",
        help="a model that finds the animal: what its boxes cut out is what the networks see, in one pass",
    )  # fmt: skip
    group.add_argument(
        "--crop_ratio", type=float, default=2.0, metavar="R",
        help="side of such a box to extent of the detector's keypoints (default: %(default)s)",
    )  # fmt: skip
    group.add_argument("--crop_size", type=_positive, metavar="PX", help="a fixed side instead")
    group.add_argument(
        "--anchor_keypoints", default="", metavar="A,B,C",
        help="keypoints of the detector that make the box (default: all)",
    )  # fmt: skip
    group.add_argument(
        "--bbox_dir", type=Path, metavar="DIR",
        help="files of boxes, <video>_bbox.csv as `litpose create_bbox` writes them, in place of a detector",
    )  # fmt: skip


def _register_speed(group: argparse._ArgumentGroup) -> None:
    """Add what changes how fast it is, and hardly what comes out."""
    group.add_argument(
        "--batch_size", type=_auto_or_positive, metavar="auto|N",
        help="images at a time, those of all views counted (default: auto, what suits the device; fewer "
        "where the memory does not hold them)",
    )  # fmt: skip
    group.add_argument(
        "--precision", "--onnx-precision", choices=("auto", "fp32", "bf16", "fp16"), default="auto",
        help="of the forward pass (default: auto: bf16 where the device multiplies it in hardware, or fp32)",
    )  # fmt: skip
    group.add_argument(
        "--device", default="auto", help="cpu, cuda, cuda:1, mps (default: the fastest there is)"
    )
    group.add_argument(
        "--runtime", choices=("eager", "onnx", "torch_export", "tensorrt"), default="eager",
        help="what runs the networks: torch, or what `litpose export` wrote, that for onnx also with "
        "TensorRT (default: %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--compile", action="store_true",
        help="let torch compile the networks: a minute at first, faster afterwards",
    )  # fmt: skip
    group.add_argument(
        "--num_workers", type=_positive, metavar="N",
        help="threads that decode each video (default: as many as help)",
    )  # fmt: skip
    group.add_argument(
        "--in_flight", type=_positive, metavar="N",
        help="sessions at a time (default: 2 on a GPU, which then waits for no video to be opened, else 1)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Predict; return 2 when something could not be predicted, else 0."""
    from lightning_pose.predict import Options, predict

    if args.reader is not None:
        print("--reader: there is one reader here, of all formats, so this changes nothing", file=sys.stderr)
    options = Options(
        out_dir=args.out_dir,
        sessions=tuple(args.sessions),
        calibration=args.calibration,
        overrides=tuple(args.overrides),
        precision=args.precision,
        device=args.device,
        runtime=args.runtime,
        compiled=args.compile,
        batch_size=args.batch_size,
        num_workers=args.num_workers,
        in_flight=args.in_flight,
        detector_model=args.detector_model,
        crop_ratio=args.crop_ratio,
        crop_size=args.crop_size,
        anchor_keypoints=tuple(filter(None, args.anchor_keypoints.split(","))),
        bbox_dir=args.bbox_dir,
        allow_unequal=args.allow_unequal,
        allow_missing_views=args.allow_missing_views,
        eks=args.eks,
        overwrite=args.overwrite,
        skip_viz=args.skip_viz,
        progress_file=args.progress_file,
    )
    return tell(predict(args.model_dir, args.inputs, options), args.out_dir or args.model_dir)


def tell(summary: "Summary", folder: Path) -> int:
    """Print what became of the inputs; return 2 when something could not be predicted, else 0.

    Args:
        summary: of a prediction.
        folder: of the results.
    """
    from rich.console import Console

    from lightning_pose.core.terminal import FAULT, print_error
    from lightning_pose.predict.profile import told

    console = Console(soft_wrap=True, markup=False, highlight=False)
    console.print(summary.table())
    for note in summary.notes():
        console.print(note)
    print(f"predicted {len(summary.done)}, kept {len(summary.kept)}, failed {len(summary.failures)}")
    if summary.done:
        print(told(summary.seconds))
    print(f"results in {folder}")
    if summary.failures:
        names = dict.fromkeys(failure.what for failure in summary.failures)
        print_error(f"not predicted: {', '.join(names)}")
        return FAULT
    return 0


def _positive(text: str) -> int:
    """Return a whole number of at least 1; argparse names the option when there is none."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {text}")
    return number


def _auto_or_positive(text: str) -> int | None:
    """Return a whole number of at least 1, or None for `auto`."""
    return None if text == "auto" else _positive(text)

"""`litpose predict`: keypoints for videos and labeled frames, and 3D where the cameras are calibrated."""

import argparse
from pathlib import Path

HELP = "predict keypoints in videos or labeled frames, and triangulate them where cameras are calibrated"
EXAMPLES = """examples:
  litpose predict models/m videos/                    every session in a folder, with labeled videos
  litpose predict models/m s1_cam1.mp4 s1_cam2.mp4    one session of two cameras
  litpose predict models/m videos/ --skip_viz --precision bf16 --batch_size 128
  litpose predict models/m path/to/project            the labels of a project, against the labels
  litpose predict models/m CollectedData.csv          the same for one label file
  litpose predict models/ensemble videos/             every member, into one folder for the smoother
  eks multicam --input-dir models/ensemble/video_preds --calibration calibration.toml --save-dir smoothed

Results go to MODEL_DIR/video_preds and MODEL_DIR/image_preds. What is there already is kept, so a call that
was interrupted goes on with the session it was at; --overwrite predicts anew. A session that cannot be
predicted is named, the others are done, and the exit code is then 2.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `litpose predict`."""
    parser.epilog = EXAMPLES
    parser.add_argument("model_dir", type=Path, metavar="MODEL_DIR", help="a trained model, or an ensemble")
    parser.add_argument(
        "inputs", type=Path, nargs="+", metavar="INPUT",
        help="videos, folders of videos, label CSVs (those of all views), or a project folder (its labels)",
    )  # fmt: skip
    parser.add_argument("--out_dir", type=Path, help="folder for the results (default: MODEL_DIR)")
    parser.add_argument("--overwrite", action="store_true", help="predict anew what has been predicted")
    parser.add_argument("--skip_viz", action="store_true", help="write no labeled videos")
    parser.add_argument(
        "--batch_size", type=_positive, metavar="N",
        help="images at a time, those of all views counted (default: the model's training.val_batch_size)",
    )  # fmt: skip
    parser.add_argument(
        "--precision", choices=("fp32", "bf16", "fp16"), default="fp32",
        help="of the forward pass (default: %(default)s); bf16 is faster on recent GPUs",
    )  # fmt: skip
    parser.add_argument(
        "--device", default="auto", help="cpu, cuda, cuda:1, mps (default: the fastest there is)"
    )
    parser.add_argument(
        "--calibration", metavar="FILE",
        help="cameras of all sessions, Anipose TOML; 'none' for no 3D (default: looked for beside the videos "
        "and in the model's project)",
    )  # fmt: skip
    parser.add_argument(
        "--overrides", nargs="*", default=[], metavar="KEY=VALUE",
        help="changes of the model's configuration, such as data.data_dir=path/to/project; give them last",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Predict; return 2 when something could not be predicted, else 0."""
    from lightning_pose.core.terminal import FAULT, print_error
    from lightning_pose.predict import Options, predict

    options = Options(
        out_dir=args.out_dir,
        calibration=args.calibration,
        overrides=tuple(args.overrides),
        precision=args.precision,
        device=args.device,
        batch_size=args.batch_size,
        overwrite=args.overwrite,
        skip_viz=args.skip_viz,
    )
    summary = predict(args.model_dir, args.inputs, options)
    print(f"predicted {len(summary.done)}, kept {len(summary.kept)}, failed {len(summary.failures)}")
    print(f"results in {args.out_dir or args.model_dir}")
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

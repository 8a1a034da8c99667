"""`litpose train`: a configuration in, a model folder out."""

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from lightning_pose.config.schema import Config
    from lightning_pose.train import TrainResult

HELP = "train a network, or an ensemble of them, on labeled frames"

EPILOG = """\
examples:
  litpose train config.yaml --output_dir models/first
  litpose train config.yaml training.max_steps=300 model.backbone=resnet34 --output_dir models/second
  litpose train config.yaml --output_dir models/ensemble --seeds 0 1 2
  litpose train config.yaml --output_dir models/ensemble --seeds 0 1 2 --resume
  litpose train config.yaml --output_dir models/pose --detector_model models/detector

The smallest configuration is one key: `data: {data_dir: path/to/project}`. Relative paths in a configuration
are relative to its file. docs/formats/config.md lists every key.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = EPILOG
    parser.add_argument("config", type=Path, metavar="CONFIG", help="YAML file")
    parser.add_argument(
        "settings",
        nargs="*",
        metavar="key=value",
        help="change a key of the configuration, directly after CONFIG",
    )
    parser.add_argument(
        "--overrides", nargs="*", default=[], metavar="key=value", help="the same, anywhere in the command"
    )
    parser.add_argument(
        "--output_dir", type=Path, metavar="DIR", help="model folder to make (default: outputs/<date>/<time>)"
    )
    parser.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        metavar="N",
        help="train an ensemble, a network per seed, into DIR/rng=<seed>",
    )
    parser.add_argument(
        "--detector_model", type=Path, metavar="MODEL_DIR",
        help="train on the crops that `litpose crop` made of these labels with this detector",
    )  # fmt: skip
    parser.add_argument(
        "--resume", action="store_true", help="continue an interrupted training in --output_dir"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="remove the model that is in --output_dir before"
    )
    parser.add_argument(
        "--dry_run", action="store_true", help="check the configuration, say every fault, and train nothing"
    )
    parser.add_argument(
        "--progress_file", type=Path, metavar="FILE", help="JSON with how far it is, for programs that wait"
    )


def run(args: argparse.Namespace) -> int:
    """Check the configuration, train, and print the errors.

    Raises:
        PoseError: when the configuration, labels, images or weights cannot be used.
        KeyboardInterrupt: after Ctrl-C, with the command that continues.
    """
    from datetime import datetime

    from rich.console import Console
    from rich.table import Table

    from lightning_pose.config import load_config
    from lightning_pose.core.errors import ConfigError

    console = Console()
    overrides = [*args.settings, *args.overrides]
    if args.resume and args.output_dir is None:
        raise ConfigError("--resume needs --output_dir: which training shall go on?")
    # checked before torch is loaded, which takes seconds
    config, notes = load_config(args.config, overrides)
    if args.detector_model is not None:
        overrides = [*overrides, *crop_overrides(config, args.detector_model)]
        config, notes = load_config(args.config, overrides)
    if notes:
        table = Table("key", "here", "why", title="Keys that mean something else here", title_justify="left")
        for note in notes:
            table.add_row(note.key, note.became or "no effect", note.why)
        console.print(table)
    if args.dry_run:
        console.print("nothing is wrong with the configuration")
        return 0
    output = args.output_dir or Path("outputs", *datetime.now().strftime("%Y-%m-%d %H-%M-%S").split())

    from lightning_pose.train import train, train_ensemble

    options = {
        "overrides": overrides,
        "resume": args.resume,
        "overwrite": args.overwrite,
        "show_progress": True,
        "progress_file": args.progress_file,
    }
    try:
        if args.seeds:
            results = train_ensemble(args.config, output, args.seeds, **options)
        else:
            results = [train(args.config, output, **options)]
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"Continue with:\n  {resume_command(args, output)}") from None
    _print_errors(results, console)
    console.print(f"model: {output}")
    return _predict_videos(config, output, console) if config.eval.predict_vids_after_training else 0


def _predict_videos(config: "Config", output: Path, console: "Console") -> int:
    """Predict the videos that the configuration names with what was trained; return the exit code."""
    from lightning_pose.cli.predict import tell
    from lightning_pose.predict import Options, predict

    videos = Path(config.eval.test_videos_directory or "")
    options = Options(skip_viz=not config.eval.save_vids_after_training)
    return tell(predict(output, [videos], options, console), output)


def _print_errors(results: "Sequence[TrainResult]", console: "Console") -> None:
    """Print the errors of all models per set, and how true their confidences are."""
    from rich.table import Table

    table = Table("model", "set", "labels", "mean px", "median px", "90 % px", "confidence")
    for result in results:
        for name, errors in result.errors.items():
            numbers = (f"{errors[key]:.2f}" for key in ("mean_px", "median_px", "p90_px", "confidence"))
            table.add_row(result.model_dir.name, name, f"{errors['labels']:.0f}", *numbers)
    console.print(table)
    for result in results:
        if result.calibration is not None:
            console.print(f"{result.model_dir.name}: {result.calibration}", soft_wrap=True, highlight=False)


def crop_overrides(config: "Config", detector_model: Path) -> list[str]:
    """Return what changes in a configuration for training on the crops that a detector's boxes made.

    Views, keypoints and their lines stay those of the project. Boxes and the project's calibration come
    along, so that several views know the cameras of their crops.

    Raises:
        ModelError: when there is no such model folder.
        DataError: when labels have not been cropped; all of them listed.
    """
    import json

    from lightning_pose.config.complete import csv_paths
    from lightning_pose.core.errors import DataError, raise_collected
    from lightning_pose.core.tables import read_labels
    from lightning_pose.crops.cameras import write_camera_table
    from lightning_pose.crops.layout import CropLayout

    layout = CropLayout.open(detector_model.resolve())
    files = list(csv_paths(config).values())
    lacking = [f"{layout.cropped(file)} is not there" for file in files if not layout.cropped(file).is_file()]
    if lacking:
        raise_collected(
            DataError, f"--detector_model: first `litpose crop {detector_model}` the labels", lacking
        )
    data = config.data
    changes: dict[str, object] = {
        "data.data_dir": str(layout.images),
        "data.csv_file": [str(layout.cropped(file)) for file in files],
        "data.video_dir": str(layout.videos),
        "eval.test_videos_directory": str(layout.videos),
        **{
            f"data.{key}": getattr(data, key) for key in ("view_names", "keypoint_names", "skeleton", "swaps")
        },
    }
    if len(files) > 1:
        changes["data.bbox_file"] = [str(layout.boxes(file)) for file in files]
        project, table = Path(data.data_dir or "."), layout.images / "cameras.csv"
        images = [str(image) for image in read_labels(files[0]).frames.tolist()]
        if data.camera_params_file is not None:
            changes["data.camera_params_file"] = str(project / data.camera_params_file)
        elif write_camera_table(table, images, (data.view_names or [""])[0], project):
            changes["data.camera_params_file"] = str(table)
    return [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in changes.items()]


def resume_command(args: argparse.Namespace, output: Path) -> str:
    """Return the command that continues an interrupted training."""
    words = [
        "litpose",
        "train",
        str(args.config),
        *args.settings,
        *args.overrides,
        "--output_dir",
        str(output),
    ]
    if args.detector_model is not None:
        words += ["--detector_model", str(args.detector_model)]
    if args.seeds:
        words += ["--seeds", *(str(seed) for seed in args.seeds)]
    return shlex.join([*words, "--resume"])

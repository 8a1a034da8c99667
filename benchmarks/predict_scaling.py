"""What many views, several members and long videos cost `litpose predict`: time of the networks, and memory.

    python benchmarks/predict_scaling.py [--frames 300] [--docs docs]

Networks have random weights, since what weights say costs no time. First, six views and an ensemble of three
are predicted by one process, and its time is compared with three times what one network takes for as many
images in memory. Then small videos of 1 000 and of 100 000 frames are predicted, and the memory is watched.
"""

import argparse
import os
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from peer import publish
from watch import Cost, run_watched

from lightning_pose.build.network import build_network
from lightning_pose.config import Config, save_config
from lightning_pose.core.files import write_text
from lightning_pose.core.video import VideoWriter
from lightning_pose.model_dir import write_ensemble
from lightning_pose.predict.model import open_model
from lightning_pose.predict.network import load_predictor

PAGE = Path("concepts") / "benchmarks_prediction.md"
LITPOSE = (sys.executable, "-m", "lightning_pose.cli.main")
VIEWS, MEMBERS, KEYPOINTS = 6, 3, 17
LENGTHS = (1_000, 100_000)
CALLS = 12  # that the networks in memory are timed over


def main() -> None:
    """Measure, print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("outputs/predict_scaling"))
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--frames", type=int, default=300, help="of each of the six views")
    parser.add_argument("--lengths", type=int, nargs=2, default=LENGTHS, help="of the videos for memory")
    parser.add_argument("--docs", type=Path, help="documentation folder that gets the tables")
    args = parser.parse_args()
    out = args.out.resolve()
    page = ensemble_table(args, out) + "\n" + memory_table(args, out)
    write_text(out / "table.md", page)
    print(page)
    if args.docs:
        publish(args.docs / PAGE, "predict_scaling", page)


def ensemble_table(args: argparse.Namespace, out: Path) -> str:
    """Predict six views with three members, and compare with the networks in memory."""
    views = [f"cam{number}" for number in range(VIEWS)]
    videos, short = (
        [write_video(out / folder / f"s_{view}.mp4", (640, 480), count) for view in views]
        for folder, count in (("views", args.frames), ("one", 1))
    )
    for member in range(MEMBERS):
        write_model(out / "ensemble" / f"rng={member}", args.backbone, (256, 256), views, member)
    write_ensemble(out / "ensemble", [f"rng={member}" for member in range(MEMBERS)])
    n_images = VIEWS * args.frames
    one = n_images / rate(out / "ensemble" / "rng=0")
    wall = predict(out / "ensemble", videos, out).wall
    start = predict(out / "ensemble", short, out)
    share = (wall - start.wall) / (MEMBERS * one)
    return "\n".join([
        f"{args.backbone}, 256 x 256, {VIEWS} views of {args.frames} frames, {os.cpu_count()} cores.",
        "",
        "| what | seconds |",
        "| --- | ---: |",
        f"| one member on {n_images} images in memory | {one:.1f} |",
        f"| {MEMBERS} members, whole process | {wall:.1f} |",
        f"| start-up in it (the same with one frame) | {start.wall:.1f} |",
        f"| {MEMBERS} members without start-up, against {MEMBERS} times one | {share:.2f} x |",
        "",
    ])  # fmt: skip


def memory_table(args: argparse.Namespace, out: Path) -> str:
    """Predict a short and a long video and watch the memory."""
    model = write_model(out / "small", args.backbone, (64, 64), [""], 0)
    lines = ["| frames | frames per s | peak memory MB |", "| ---: | ---: | ---: |"]
    for length in args.lengths:
        cost = predict(model, [write_video(out / f"long_{length}.mp4", (64, 64), length)], out)
        lines.append(f"| {length} | {length / cost.wall:.0f} | {cost.peak_mb:.0f} |")
    return "\n".join(lines) + "\n"


def predict(model: Path, videos: list[Path], out: Path) -> Cost:
    """Predict videos by a process of its own."""
    words = [*LITPOSE, "predict", str(model), *map(str, videos), "--skip_viz", "--overwrite"]
    return run_watched([*words, "--calibration", "none"], out / "log.txt")


def rate(folder: Path) -> float:
    """Return images per second of a network on images in memory, with as many callers as in a prediction."""
    model = open_model(folder)
    predictor = load_predictor(model)
    images = np.random.default_rng(0).integers(0, 255, (predictor.batch_size, 1, *model.size, 3), np.uint8)
    rates = []
    with ThreadPoolExecutor(predictor.workers) as pool:
        for _ in range(4):
            begin = time.perf_counter()
            list(pool.map(predictor.sequence, [images] * CALLS))
            rates.append(CALLS * len(images) / (time.perf_counter() - begin))
    return statistics.median(rates)


def write_model(folder: Path, backbone: str, size: tuple[int, int], views: list[str], seed: int) -> Path:
    """Write a model folder with random weights."""
    config = Config()
    config.data.view_names = views if len(views) > 1 else None
    config.data.keypoint_names = [f"k{number}" for number in range(KEYPOINTS)]
    config.data.image_resize_dims.height, config.data.image_resize_dims.width = size
    config.model.backbone = backbone
    config.training.rng_seed_model_pt = seed
    save_config(folder / "config.yaml", config)
    state = {f"network.{key}": value for key, value in build_network(config).state_dict().items()}
    checkpoint = folder / "tb_logs" / "random" / "version_0" / "checkpoints" / "last.ckpt"
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"state_dict": state}, checkpoint)
    return folder


def write_video(path: Path, size: tuple[int, int], count: int) -> Path:
    """Write a video of a moving pattern, unless it is there."""
    if path.exists():
        return path
    width, height = size
    texture = np.random.default_rng(0).integers(0, 255, (height, 2 * width, 3), np.uint8)
    texture = np.repeat(np.repeat(texture[::8, ::8], 8, axis=0), 8, axis=1)
    with VideoWriter(path, width, height, 30, preset="ultrafast") as writer:
        for number in range(count):
            shift = number % width
            writer.write(texture[:, shift : shift + width])
    return path


if __name__ == "__main__":
    main()

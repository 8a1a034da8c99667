"""Frames per second and peak memory of our prediction against the released Lightning Pose, interleaved.

    python benchmarks/predict_vs_peer.py --peer PATH/TO/litpose [--model TRAINED] [--docs docs]

Whole processes, start-up included, without labeled videos, of two videos: a real one of 994 frames, and a
rendered one of 1280 x 1024 pixels and 3000 frames. Both programs have networks of the same architecture, the
peer's head on ours too, for 256 x 256 images, trained for a few steps: what weights say costs no time. The
rate of the bare network is that of ours on tensors in memory, in the same precision. With --model, what that
trained model says of the real video in the default precision is compared with what it says in float32.
"""

import argparse
import os
import shutil
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from mirror_mouse import LABELS, LITPOSE, OURS, make_project
from peer import Recipe, publish, run, write_peer_config
from watch import Cost, run_watched

from lightning_pose.build.machine import cpu_has_bf16
from lightning_pose.core.files import write_text
from lightning_pose.core.tables import read_poses
from lightning_pose.core.video import VideoReader, VideoWriter, probe
from lightning_pose.predict.model import open_model
from lightning_pose.predict.network import load_predictor

PAGE = Path("concepts") / "benchmarks_prediction.md"
STEPS = 18  # of the optimiser: enough for the peer to validate, without which it leaves no model
RENDERED, SIZE, FRAMES, PERIOD = "rendered_1280x1024.mp4", (1280, 1024), 3000, 100
BATCHES = 6  # that the bare network is timed over


class Rates(NamedTuple):
    """What every program took for one video with one backbone."""

    video: str
    backbone: str
    n_frames: int
    ours: list[Cost]
    peer: list[Cost]
    bare: float  # images per second


def main() -> None:
    """Prepare models and videos, measure, print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shared = Path(os.environ.get("LITPOSE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=shared / "mirror-mouse", help="the project folder")
    parser.add_argument("--out", type=Path, default=Path("outputs/predict_vs_peer"))
    parser.add_argument("--peer", type=Path, help="the peer's litpose, in an environment of its own")
    parser.add_argument("--backbones", nargs="+", default=["resnet18", "resnet50"])
    parser.add_argument("--videos", nargs="+", choices=("real", "rendered"), default=["real", "rendered"])
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--model", type=Path, help="a trained model of ours, to compare precisions with")
    parser.add_argument("--docs", type=Path, help="documentation folder that gets the tables")
    args = parser.parse_args()
    out = args.out.resolve()
    make_project(args.data.resolve(), out / "project", 0)
    videos = {"real": args.data / "videos" / "test_vid.mp4", "rendered": out / RENDERED}
    if "rendered" in args.videos:
        render(videos["rendered"])
    rates = []
    for backbone in args.backbones:
        models = {"ours": train(None, backbone, out)}
        if args.peer:
            models["peer"] = train(args.peer, backbone, out)
        for video in args.videos:
            rates.append(measure(models, videos[video], args, backbone))
            print(row(rates[-1]), flush=True)
    page = table(rates)
    if args.model:
        page += "\n" + parity(args.model, videos["real"], out / "parity")
    write_text(out / "table.md", page)
    print(page)
    if args.docs:
        publish(args.docs / PAGE, "predict_vs_peer", page)


def render(path: Path) -> None:
    """Write a video of a drifting pattern with noise that is about as hard to decode as a camera's."""
    if path.exists():
        return
    rng = np.random.default_rng(0)
    width, height = SIZE
    coarse = rng.normal(size=(height // 32, width // 32 + PERIOD))
    noise = rng.normal(0, 2, (4, height, width, 1))
    with VideoWriter(path, width, height, 30, crf=23) as writer:
        for number in range(FRAMES):
            shift = abs(number % (2 * PERIOD) - PERIOD)  # there and back
            pattern = np.kron(coarse[:, shift // 4 : shift // 4 + width // 32], np.ones((32, 32)))
            grey = 128 + 30 * np.roll(pattern, shift % 4 * 8, axis=1)[..., None] + noise[number % 4]
            writer.write(np.repeat(grey.clip(0, 255).astype(np.uint8), 3, axis=2))


def train(peer: Path | None, backbone: str, out: Path) -> Path:
    """Train for a few steps, unless that has been done; return the model's folder."""
    name = "peer" if peer else "ours"
    model, config = out / f"{name}_{backbone}", out / f"{name}_{backbone}.yaml"
    if (model / "predictions.csv").exists() or any(model.rglob("*.ckpt")):
        return model
    shutil.rmtree(model, ignore_errors=True)
    recipe = Recipe(backbone, 256, 256, STEPS, 16, validate_every=2)
    if peer:
        write_peer_config(config, out / "project", LABELS, recipe)
        run(str(peer), "train", str(config), "--output_dir", str(model))
    else:
        write_text(config, OURS.format(project=out / "project", **recipe._asdict()))
        run(*LITPOSE, "train", str(config), "model.head=heatmap_cnn", "--output_dir", str(model))
    return model


def measure(models: dict[str, Path], video: Path, args: argparse.Namespace, backbone: str) -> Rates:
    """Predict a video with every program in turns."""
    programs = {"ours": LITPOSE, "peer": (str(args.peer),)}
    costs: dict[str, list[Cost]] = {"ours": [], "peer": []}
    for _ in range(args.repeat):
        for name, model in models.items():
            words = [*programs[name], "predict", str(model), str(video), "--skip_viz", "--overwrite"]
            costs[name].append(run_watched(words, args.out / "log.txt"))
    return Rates(
        video.name,
        backbone,
        probe(video).n_frames,
        costs["ours"],
        costs["peer"],
        bare_rate(models["ours"], video),
    )


def bare_rate(folder: Path, video: Path) -> float:
    """Return images per second of the network alone, on normalised tensors in memory."""
    from lightning_pose.data.images import normalise

    model = open_model(folder)
    predictor = load_predictor(model)
    height, width = model.size
    with VideoReader(video, size=(width, height)) as reader:
        frames = np.stack(list(reader.frames(0, predictor.batch_size)))[:, None]
    inputs = normalise(torch.from_numpy(frames))
    (network,) = predictor.networks.values()

    def ask(_: int) -> None:
        """Run one batch on one core, as a prediction does: the network is faster so than on all of them."""
        torch.set_num_threads(1)
        mixed = predictor.dtype is not torch.float32
        with torch.inference_mode(), torch.autocast("cpu", predictor.dtype, mixed):
            network(inputs)

    seconds = []
    with ThreadPoolExecutor(predictor.workers) as pool:
        for _ in range(BATCHES):
            begin = time.perf_counter()
            list(pool.map(ask, range(predictor.workers)))
            seconds.append(time.perf_counter() - begin)
    return predictor.workers * len(frames) / statistics.median(seconds)


def table(rates: list[Rates]) -> str:
    """Lay out the rates and how they stand to the peer's."""
    machine = f"{os.cpu_count()} cores, {'with' if cpu_has_bf16() else 'without'} bf16 instructions"
    lines = [
        f"256 x 256, {machine}; frames per second of whole processes.",
        "",
        "| video | backbone | frames | ours | peer | against the peer | bare network | share of it "
        "| peak MB, ours | peak MB, peer |",
        "| --- | --- |" + " ---: |" * 8,
        *map(row, rates),
    ]
    return "\n".join(lines) + "\n"


def row(rates: Rates) -> str:
    """Lay out one line."""
    wall = {"ours": _median(rates.ours, 0), "peer": _median(rates.peer, 0)}
    speed = {name: rates.n_frames / seconds for name, seconds in wall.items()}
    cells = [
        rates.video,
        rates.backbone,
        str(rates.n_frames),
        f"{speed['ours']:.1f}",
        f"{speed['peer']:.1f}",
        f"{speed['ours'] / speed['peer']:.2f} x",
        f"{rates.bare:.1f}",
        f"{100 * speed['ours'] / rates.bare:.0f} %",
        f"{_median(rates.ours, 1):.0f}",
        f"{_median(rates.peer, 1):.0f}",
    ]
    return "| " + " | ".join(cells) + " |"


def _median(costs: list[Cost], which: int) -> float:
    return statistics.median(cost[which] for cost in costs) if costs else float("nan")


def parity(model: Path, video: Path, out: Path) -> str:
    """Compare the default precision with float32 where the model is sure."""
    found = {}
    for precision in ("auto", "fp32"):
        folder = out / precision
        words = ["predict", str(model), str(video), "--skip_viz", "--precision", precision]
        run(*LITPOSE, *words, "--out_dir", str(folder))
        found[precision] = read_poses(folder / "video_preds" / f"{video.stem}.csv")
    fast, exact = found["auto"], found["fp32"]
    assert fast.likelihood is not None and exact.likelihood is not None
    sure = exact.likelihood > 0.5
    apart = np.linalg.norm(fast.points - exact.points, axis=-1)[sure]
    return (
        f"Default precision against float32, {sure.sum()} points of confidence above 0.5: median "
        f"{np.median(apart):.3f} px, 99 % below {np.quantile(apart, 0.99):.3f} px, largest {apart.max():.3f} "
        f"px of the video; {100 * (apart < 0.1).mean():.2f} % are within 0.1 px.\n"
    )


if __name__ == "__main__":
    main()

"""What the losses of the geometry add to a training step.

    python benchmarks/loss_cost.py [--images 2] [--repeat 5]

Six views of thirty keypoints in batches of eight instants, ResNet-50 at 256 x 256. The losses are timed as
they are in training, forward and backward, single-threaded on the CPU; the network's step is timed on a few
images and scaled to all 48 of a batch, since its time is proportional to them.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from lightning_pose.build.network import build_network
from lightning_pose.config import Config
from lightning_pose.core.camera import Camera, project_views
from lightning_pose.data.batch import Outputs, Truth
from lightning_pose.losses.geometry import pairwise_projections, reprojection
from lightning_pose.synthetic.rig import make_rig

VIEWS, KEYPOINTS, INSTANTS, SIDE = 6, 30, 8, 256
BOUND = 0.1  # of a step, that a loss may add


def main() -> None:
    """Measure, print, and fail where a loss costs more than the bound."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=2, help="that the network's step is timed on")
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    step = time_network(arguments.images, arguments.repeat) * VIEWS * INSTANTS / arguments.images
    print(f"step of {VIEWS * INSTANTS} images: {step:.2f} s (from {arguments.images} images)")
    outputs, truth = a_batch()
    costs = {}
    for loss in (reprojection, pairwise_projections):
        seconds = median_time(lambda loss=loss: loss(outputs, truth).backward(), arguments.repeat)
        costs[loss.__name__] = seconds / step
        print(f"{loss.__name__}: {seconds * 1e3:.1f} ms, {seconds / step:.2%} of the step")
    if max(costs.values()) > BOUND:
        raise SystemExit(f"more than {BOUND:.0%} of a step")


def time_network(images: int, repeat: int) -> float:
    """Return the seconds of a forward and backward pass of some images."""
    config = Config()
    config.model.backbone = "resnet50"
    config.data.keypoint_names = [str(k) for k in range(KEYPOINTS)]
    network = build_network(config)
    pixels = torch.randn(1, images, 3, SIDE, SIDE)
    return median_time(lambda: network(pixels)["logits"].square().mean().backward(), repeat)


def a_batch() -> tuple[Outputs, Truth]:
    """Return predictions 2 px off their labels, in cameras with lenses."""
    generator = torch.Generator().manual_seed(0)
    rig = make_rig(VIEWS, (SIDE, SIDE), np.random.default_rng(0)).camera
    fields = [torch.from_numpy(field) for field in rig]
    xyz = 30 * torch.randn(INSTANTS, KEYPOINTS, 3, generator=generator, dtype=torch.float64)
    labels = project_views(xyz, Camera(*(f[:, None].expand(-1, INSTANTS, *f.shape[1:]) for f in fields)))
    labels = labels.movedim(0, 1)
    xy = labels + 2 * torch.randn(labels.shape, generator=generator, dtype=torch.float64)
    outputs = Outputs(
        xy=xy.float().requires_grad_(), confidence=torch.rand(labels.shape[:-1], generator=generator)
    )
    camera = Camera(*(f.expand(INSTANTS, *f.shape) for f in fields))
    return outputs, Truth(xy=labels, visible=torch.full(labels.shape[:-1], 2), camera=camera, stride=4)


def median_time(work: Callable[[], None], repeat: int) -> float:
    """Return the median seconds of `repeat` runs after a first one."""
    work()
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()

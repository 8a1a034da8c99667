"""From what a project and a machine have to the keys of a configuration, each with its reason.

The rules follow what was measured here (docs/concepts/training.md). What was not is a suggestion: it stands
in the configuration as a comment.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from lightning_pose.config.architectures import BACKBONES
from lightning_pose.recommend.facts import Facts
from lightning_pose.recommend.machine import Machine, has_weights

AREA, LARGE_AREA = 256, 384  # sides of squares with as many pixels as the network's images
SMALL_BODY = 0.25  # of the image's side: details of a body as small are lost at 256 x 256
PASSES = 150  # over the labels
STEPS, CPU_STEPS, GPU_STEPS = 1200, 6000, 20000  # at least, and at most
IMAGES_PER_STEP, LEAST_BATCH, GPU_LEAST_BATCH = 16, 4, 8
CACHE_GIB = 4.0  # the default of training.cache_gib
FEW_INSTANTS, MANY_MISSING = 20, 0.5
VALIDATIONS = 30


class Choice(NamedTuple):
    """One key.

    Attributes:
        key: with its section, as in `training.max_steps`.
        value: plain data.
        reason: why.
        active: False for a suggestion, which is written as a comment.
    """

    key: str
    value: Any
    reason: str
    active: bool = True


def recommend(
    facts: Facts, machine: Machine, weights_at_hand: Callable[[str | None], bool] = has_weights
) -> list[Choice]:
    """Return the keys of a configuration in the order to write them.

    Args:
        facts: of the project.
        machine: that will train.
        weights_at_hand: whether weights of a name on the hub need no download.
    """
    steps, batch = training_length(facts, machine)
    return [
        *_data(facts, machine),
        *_training(facts, machine, steps, batch),
        *_augmentation(facts),
        *_model(facts, machine, steps, weights_at_hand),
        *_geometry(facts),
        *_unlabeled(facts),
    ]


def image_size(facts: Facts, machine: Machine) -> tuple[int, int, str]:
    """Return height and width of the network's images in pixels, multiples of 32, and why."""
    width, height = facts.size
    small = facts.extent < SMALL_BODY and min(width, height) > LARGE_AREA
    side = LARGE_AREA if machine.has_gpu and small else AREA
    scale = min(1.0, side / (height * width) ** 0.5)
    rows, columns = (max(64, round(length * scale / 32) * 32) for length in (height, width))
    reason = f"the shape of the {width} x {height} images with about the area of {side} x {side}"
    if scale == 1.0:
        reason = f"the images' own {width} x {height}, rounded to multiples of 32"
    if small:
        body = f"the labels span only {facts.extent:.0%} of an image's side"
        reason += f"; {body}" + (
            "" if machine.has_gpu else ": with a GPU, half as much again would be better"
        )
    return rows, columns, reason


def training_length(facts: Facts, machine: Machine) -> tuple[int, int]:
    """Return the steps, and the instants in each."""
    least, most = (GPU_LEAST_BATCH, GPU_STEPS) if machine.has_gpu else (LEAST_BATCH, CPU_STEPS)
    batch = max(least, IMAGES_PER_STEP // facts.n_views)
    steps = round(PASSES * facts.n_instants / batch / 100) * 100
    return min(max(steps, STEPS), most), batch


def _data(facts: Facts, machine: Machine) -> Iterator[Choice]:
    """Yield what is trained on."""
    yield Choice("data.data_dir", ".", "the project")
    if facts.view_names:
        yield Choice("data.view_names", list(facts.view_names), f"{facts.n_views} views, in this order")
    files = list(facts.label_files)
    sessions = f"{len(facts.instants)} session{'s' if len(facts.instants) > 1 else ''}"
    yield Choice(
        "data.csv_file", files if facts.view_names else files[0], f"{facts.n_instants} instants of {sessions}"
    )
    height, width, reason = image_size(facts, machine)
    yield Choice("data.image_resize_dims", {"height": height, "width": width}, reason)
    yield Choice(
        "data.downsample_factor", 2, "heatmaps a quarter of that: coordinates are read between pixels"
    )


def _training(facts: Facts, machine: Machine, steps: int, batch: int) -> Iterator[Choice]:
    """Yield how long, in which portions, and what is held out."""
    why = "" if machine.has_gpu else ": on a CPU, small batches come further in the same time"
    yield Choice(
        "training.max_steps", steps, f"about {steps * batch / facts.n_instants:.0f} passes over the labels"
    )
    yield Choice(
        "training.train_batch_size",
        batch,
        f"instants, so {batch * facts.n_views} images a step" + why,
    )
    epochs = steps / max(1, -(-facts.n_instants * 9 // 10 // batch))
    yield Choice(
        "training.check_val_every_n_epoch",
        max(1, round(epochs / VALIDATIONS)),
        f"about {VALIDATIONS} validations in all; the best checkpoint is kept",
    )
    held = "neighbouring frames look alike, so a stretch of time is held out, or whole sessions from eight on"
    if facts.n_instants < FEW_INSTANTS:
        held += f"; of {facts.n_instants} instants it is so few that validation says little: label more"
    yield Choice("training.split", "auto", held)
    yield Choice("training.optimizer", "AdamW", "as measured, with the one-cycle schedule below")
    yield Choice(
        "training.lr_scheduler", "onecycle", "a short warm-up, then down to nothing: no milestones to tune"
    )
    yield from _cache(facts, machine)


def _cache(facts: Facts, machine: Machine) -> Iterator[Choice]:
    """Yield a larger cache where the images need one and the memory has room."""
    height, width, _ = image_size(facts, machine)
    needed = 3 * height * width * facts.n_instants * facts.n_views / 2**30
    if needed > CACHE_GIB and (machine.memory_gib or 0) > 4 * needed:
        yield Choice("training.cache_gib", round(needed * 1.1, 1), "keeps all images in memory, decoded once")


def _augmentation(facts: Facts) -> Iterator[Choice]:
    """Yield how images are moved and changed."""
    yield Choice(
        "training.imgaug",
        "dlc",
        "turned, scaled, shifted, lit otherwise, partly erased; dlc-top-down where the animal is seen from "
        "above and faces every way",
    )
    if facts.swaps:
        listed = ", ".join(" - ".join(pair) for pair in facts.swaps[:3])
        listed += ", ..." if len(facts.swaps) > 3 else ""
        views = ", in all views of an instant alike" if facts.n_views > 1 else ""
        yield Choice(
            "training.imgaug_hflip",
            False,
            f"left and right could be mirrored ({listed}){views}. Off: where "
            "marks or habits are one-sided it makes left and right harder to tell. Worth a comparison",
        )
    scarce = [name for name, share in facts.missing.items() if MANY_MISSING <= share < 1]
    if scarce:
        yield Choice(
            "training.keypoint_weights",
            dict.fromkeys(scarce, 2.0),
            f"labeled in less than half of the images: {', '.join(scarce)}. More labels of them help more",
            active=False,
        )


def _model(
    facts: Facts, machine: Machine, steps: int, weights_at_hand: Callable[[str | None], bool]
) -> Iterator[Choice]:
    """Yield the network."""
    yield Choice("model.model_type", "heatmap", "every view by itself, with the same weights")
    backbone = "resnet50" if machine.has_gpu else "resnet18"
    pretrained = weights_at_hand(BACKBONES[backbone].hub_name)
    if machine.has_gpu and not pretrained:
        backbone = "resnet34"
    reason = "a GPU carries more" if machine.has_gpu else "what a CPU trains in minutes"
    yield Choice("model.backbone", backbone, reason)
    if pretrained:
        yield Choice("model.backbone_weights", "pretrained", "they are on this machine already")
        yield Choice(
            "training.unfreezing_step",
            steps // 10,
            "until then only the head learns: its first gradients are noise",
        )
    else:
        yield Choice(
            "model.backbone_weights",
            "none",
            "random: needs no download, and learns from few labels with the head and loss below; "
            "`pretrained` fetches weights from ImageNet",
        )
    yield Choice(
        "model.head", "heatmap_fpn", "from scratch it learns where a head on the last map hardly begins"
    )
    yield Choice(
        "model.heatmap_loss_type", "ce", "pulls where the network is surely wrong; squared differences do not"
    )


def _geometry(facts: Facts) -> Iterator[Choice]:
    """Yield what several views, and their calibration, make possible."""
    if facts.n_views == 1:
        return
    yield Choice(
        "model.model_type",
        "heatmap_multiview_transformer",
        "instead of the above: all views see each other, so what one hides is found by the others",
        active=False,
    )
    if facts.is_calibrated:
        why = "every labeled session has a calibration"
        yield Choice(
            "training.reproject_labels",
            True,
            f"{why}: what two views label becomes a target in the others",
            active=False,
        )
        yield Choice(
            "training.imgaug_3d", True, f"{why}: move the world instead of every view by itself", active=False
        )
        yield Choice(
            "losses.supervised_reprojection_heatmap_mse.log_weight", 3.0,
            "with imgaug_3d: points that the views make together must fall onto the labels", active=False,
        )  # fmt: skip


def _unlabeled(facts: Facts) -> Iterator[Choice]:
    """Yield losses on unlabeled video."""
    if not facts.videos:
        return
    losses = {"temporal": ("no jumps in time", 5.0)}
    if facts.n_views == 1 and facts.n_instants >= 2 * len(facts.keypoint_names):
        losses["pca_singleview"] = ("only postures like the labeled ones", 5.0)
    if facts.n_views > 1 and facts.is_calibrated:
        losses["view_consistency"] = ("all views see one point in space", 1.0)
    yield Choice(
        "model.losses_to_use",
        list(losses),
        f"on the unlabeled videos: {', and '.join(what for what, _ in losses.values())}",
        active=False,
    )
    for name, (_, log_weight) in losses.items():
        yield Choice(
            f"losses.{name}.log_weight",
            log_weight,
            "the weight is 1 / (2 exp(log_weight)): a smaller number counts more",
            active=False,
        )

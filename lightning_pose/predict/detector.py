"""The network that finds the animal, and what its views make of one another's answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import Camera
from lightning_pose.core.errors import ConfigError, ModelError
from lightning_pose.crops.boxes import BoxRule, Places, find_places
from lightning_pose.predict.model import Model
from lightning_pose.predict.space import REJECT_LEAST_PX, REJECT_SHARE
from lightning_pose.predict.tracks import Found, SequencePredictor


@dataclass(frozen=True)
class Detector:
    """What finds the animal.

    Attributes:
        predictor: all members; the median of their keypoints counts.
        size: height and width of its images (px).
        rule: of the boxes.
        anchors: places of the keypoints that make the boxes among the detector's; all of them by default.
    """

    predictor: SequencePredictor
    size: tuple[int, int]
    rule: BoxRule = field(default_factory=BoxRule)
    anchors: Sequence[int] | None = None

    def places(self, xy: Float[np.ndarray, "t K 2"], confidence: Float[np.ndarray, "t K"]) -> Places:
        """Return where boxes belong for keypoints of one view."""
        chosen = list(range(xy.shape[1]) if self.anchors is None else self.anchors)
        return find_places(xy[:, chosen].astype(np.float64), confidence[:, chosen], self.rule)


class Seen(NamedTuple):
    """What a detector says of consecutive instants, in pixels of the videos; confidence 0 where nothing."""

    xy: Float[np.ndarray, "V t K 2"]
    confidence: Float[np.ndarray, "V t K"]


def make_detector(
    model: Model,
    predictor: SequencePredictor,
    views: Sequence[str],
    rule: BoxRule | None = None,
    anchors: Sequence[str] = (),
) -> Detector:
    """Return a trained model as a detector for a pose model's views.

    A detector of a single view looks at each of several views for itself.

    Args:
        model: the detector's folder.
        predictor: its networks.
        views: those of the pose model.
        rule: of the boxes; `BoxRule()` by default.
        anchors: keypoints that make the boxes; all of them by default.

    Raises:
        ModelError: when the detector knows other views.
        ConfigError: when an anchor is none of its keypoints, or a single keypoint has no fixed size of box.
    """
    if len(model.views) > 1 and model.views != tuple(views):
        raise ModelError(
            f"--detector_model {model.folder}: it knows the views {', '.join(model.views)}, the pose model "
            f"{', '.join(views) or 'one'}"
        )
    rule, names = rule or BoxRule(), tuple(anchors) or model.names
    unknown = [name for name in names if name not in model.names]
    if unknown:
        raise ConfigError(
            f"--anchor_keypoints: no keypoint {', '.join(unknown)}: there are {', '.join(model.names)}"
        )
    if len(names) < 2 and rule.size is None:
        single = ", ".join(names)
        raise ConfigError(f"one keypoint, {single}, has no extent: give the side of the box, --crop_size")
    alone = len(model.views) == 1 and len(views) > 1
    chosen = tuple(model.names.index(name) for name in names)
    return Detector(EachView(predictor) if alone else predictor, model.size, rule, chosen)


class EachView:
    """A network of a single view that looks at several, each for itself."""

    def __init__(self, predictor: SequencePredictor) -> None:
        self._predictor = predictor
        self.context, self.workers = predictor.context, predictor.workers

    def sequence(
        self,
        images: UInt8[np.ndarray, "S V H W 3"],
        camera: Camera | None = None,
        views: Sequence[int] | None = None,
    ) -> Found:
        """Predict consecutive frames of a film; see `SequencePredictor`."""
        return _beside(
            [self._predictor.sequence(images[:, view : view + 1]) for view in range(images.shape[1])]
        )

    def __call__(self, images: UInt8[np.ndarray, "B V *F H W 3"], camera: Camera | None = None) -> Found:
        """Predict single instants; see `SequencePredictor`."""
        return _beside([self._predictor(images[:, view : view + 1]) for view in range(images.shape[1])])

    def pose_errors(self, member: str, xy: Float[np.ndarray, "V T K 2"]) -> dict[str, np.ndarray]:
        """Return no distances: poses of several views are not those of one."""
        return {}


def agree(seen: Seen, rig: Rig, rule: BoxRule) -> Seen:
    """Return keypoints as the views together see them: of points in space, their image in every view.

    A point counts where two views or more are within 2 % of the image of one another; what remains are the
    views' own keypoints.

    Args:
        seen: by every view for itself.
        rig: of these views.
        rule: says which keypoints are too unsure.
    """
    sure = seen.confidence >= max(rule.min_confidence, np.finfo(float).tiny)
    weights = np.where(sure, seen.confidence, 0.0).astype(np.float64)
    threshold = max(REJECT_LEAST_PX, REJECT_SHARE * float(rig.sizes.max()))
    found = rig.triangulate_robust(seen.xy, weights, threshold)
    used = (weights > 0) & ~found.rejected & np.isfinite(found.error)
    known = np.isfinite(found.xyz).all(axis=-1) & (np.where(used, found.error, 0).max(axis=0) <= threshold)
    image = rig.project(found.xyz)
    known = known & np.isfinite(image).all(axis=-1)
    together = np.where(used, weights, 0).sum(axis=0) / np.maximum(used.sum(axis=0), 1)
    return Seen(np.where(known[..., None], image, seen.xy), np.where(known, together, seen.confidence))


def _beside(views: Sequence[Found]) -> Found:
    """Return the answers for single views as those for all."""
    return Found(*(np.concatenate(arrays, axis=2) for arrays in zip(*views, strict=True)))

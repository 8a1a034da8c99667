"""A trained model, loaded once and asked often."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from jaxtyping import Float

from lightning_pose.api.instant import Box, Image, ask
from lightning_pose.api.results import Instant, Keypoints, Labeled, Recording
from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import CalibrationError, DataError, ModelError
from lightning_pose.core.naming import parse_stem
from lightning_pose.core.sessions import check_session, find_rig
from lightning_pose.core.skeletons import Skeleton
from lightning_pose.data.cameras import network_camera
from lightning_pose.evaluate import pixel_errors
from lightning_pose.predict import model as folders
from lightning_pose.predict.ensemble import Consensus, combine
from lightning_pose.predict.inputs import LabelSet
from lightning_pose.predict.labels import predict_frames, read_label_set, sets_of
from lightning_pose.predict.network import Precision, Predictor, load_predictor
from lightning_pose.predict.runtime import RuntimePredictor, load_runtime
from lightning_pose.predict.space import World, lift, pixel_noise, sample_frames
from lightning_pose.predict.videos import predict_blocks

Given = TypeVar("Given")


class Model:
    """A trained network, or all members of an ensemble, whose median is what is returned."""

    def __init__(self, folder: folders.Model, predictor: Predictor | RuntimePredictor) -> None:
        """Take a model that is loaded already; see `from_dir`."""
        self._folder, self._predictor = folder, predictor

    @classmethod
    def from_dir(
        cls,
        folder: Path | str,
        *,
        device: str = "auto",
        precision: Precision = "auto",
        runtime: Literal["eager", "onnx", "torch_export"] = "eager",
        compiled: bool = False,
    ) -> "Model":
        """Load a model folder, or that of an ensemble.

        Args:
            folder: what `litpose train` wrote.
            device: as torch names it, or `auto`.
            precision: of the forward pass; `auto` is bfloat16 where the device multiplies it in hardware.
            runtime: what runs it; all but `eager` need `litpose export` first.
            compiled: let torch compile it, which takes a minute at first and is faster afterwards.

        Raises:
            ModelError: when the folder is no model, or there is no export of its weights.
            ConfigError: when the device is not there, or a library is missing.
        """
        record = folders.open_model(folder)
        if runtime == "eager":
            return cls(record, load_predictor(record, device, precision, compiled=compiled))
        return cls(record, load_runtime(record, precision, runtime=runtime, device=device))

    @property
    def names(self) -> tuple[str, ...]:
        """Keypoints in order."""
        return self._folder.names

    @property
    def views(self) -> tuple[str, ...]:
        """Views in order; one empty name for a single view."""
        return self._folder.views

    @property
    def skeleton(self) -> Skeleton:
        """Lines between keypoints, and which are left and right."""
        return self._folder.skeleton

    def predict_frame(self, rgb: Image, bbox: Box | None = None) -> Keypoints:
        """Return the keypoints of one image.

        A network with context is shown the same image as its neighbours in time.

        Args:
            rgb: of any size.
            bbox: the part to look at, `(x, y, width, height)` in px; it may reach beyond the image, which is
                black there.

        Raises:
            ModelError: when the network looks at all views together.
            DataError: when the image or the box cannot be used.
        """
        if self._folder.has_joint_views:
            views = ", ".join(self.views)
            raise ModelError(f"this network looks at all views together ({views}): use predict_frames")
        found = ask(self._predictor, self._folder.size, [rgb], [bbox])
        spread = _sigma(found.spread)
        return Keypoints(
            self.names, found.xy[0, 0], found.confidence[0, 0], None if spread is None else spread[0, 0]
        )

    def predict_frames(
        self,
        views: Mapping[str, Image],
        *,
        bboxes: Mapping[str, Box] | None = None,
        rig: Rig | Path | str | None = None,
    ) -> Instant:
        """Return the keypoints of one instant in all views, and in the world where cameras are known.

        Args:
            views: an image of every view of the model.
            bboxes: the parts to look at, as in `predict_frame`; whole images for views that are not named.
            rig: the cameras, or the file of their calibration.

        Raises:
            DataError: when a view is missing or unknown, or an image or box cannot be used.
            CalibrationError: when the cameras are not those of the images, or are needed and not given.
        """
        images = self._in_order(views, "image")
        boxes = bboxes or {}
        unknown = sorted(set(boxes) - set(self.views))
        if unknown:
            raise DataError(f"bboxes: {', '.join(unknown)}: expected views of {', '.join(self.views)}")
        cameras = Rig.load(rig) if isinstance(rig, str | Path) else rig
        if cameras is not None:
            cameras = cameras.check(self.views, [(image.shape[1], image.shape[0]) for image in images])
        self._need(cameras)
        areas = [boxes.get(view) for view in self.views]
        found = ask(self._predictor, self._folder.size, images, areas, cameras)
        spread, world = _sigma(found.spread), _lifted(found, cameras)
        return Instant(
            self.names,
            self.views,
            found.xy[:, 0],
            found.confidence[:, 0],
            None if spread is None else spread[:, 0],
            None if world is None else world.xyz[0],
            None if world is None else world.uncertainty[0],
        )

    def predict_video(
        self,
        videos: Path | str | Mapping[str, Path | str],
        *,
        calibration: Path | str | None = None,
        batch_size: int | None = None,
        on_progress: Callable[[int, int], object] | None = None,
    ) -> Recording:
        """Return the keypoints of all frames of a video, or of the synchronised videos of all views.

        The answers are kept in memory; `litpose predict` writes them to disk as they come.

        Args:
            videos: one video, or one of every view.
            calibration: of the cameras, a file or `none`; looked for beside the videos and in the project of
                the model by default, as `litpose predict` does.
            batch_size: images at a time, those of all views counted.
            on_progress: told after every batch how many frames are done, and of how many.

        Raises:
            DataError: when a view is missing, or the videos differ in their number of frames.
            VideoError: when a video cannot be read.
            CalibrationError: when a calibration is not that of the videos, or is needed and not there.
        """
        paths = {view: Path(path) for view, path in zip(self.views, self._each(videos, "video"), strict=True)}
        # frames of several views are matched by number, so none of these may stop half way
        session = check_session(_session_name(paths), paths, self.views, partial=len(paths) == 1)
        rig = find_rig(session, calibration, self._folder.data_dir).rig
        self._need(rig)
        camera = None if rig is None else network_camera(rig, rig.sizes, self._folder.size)
        size = batch_size or self._predictor.batch_size
        parts = []
        for block in predict_blocks(
            session, self._predictor, self._folder.size, batch_size=size, camera=camera
        ):
            parts.append(combine(block.xy, block.confidence))
            if on_progress is not None:
                on_progress(block.stop, session.n_frames)
        found = _joined(parts)
        world = _lifted(found, rig)
        return Recording(
            self.names,
            self.views,
            found.xy,
            found.confidence,
            _sigma(found.spread),
            None if world is None else world.xyz,
            None if world is None else world.uncertainty,
        )

    def predict_labels(
        self,
        labels: Path | str | Mapping[str, Path | str],
        *,
        calibration: Path | str | None = None,
        batch_size: int | None = None,
    ) -> Labeled:
        """Return the keypoints of labeled images, and how far they are from their labels.

        Args:
            labels: a label CSV, or one of every view; images are found beside it or in the model's project.
            calibration: for networks that are told where cameras are; as in `predict_video`.
            batch_size: images at a time, those of all views counted.

        Raises:
            DataError: with everything about labels and images that does not fit.
            CalibrationError: when the network needs cameras, and a session has none.
        """
        files = [Path(path) for path in self._each(labels, "label file")]
        label_set = LabelSet("labels", dict(zip(self.views, files, strict=True)))
        frames = read_label_set(label_set, self._folder, calibration)
        size = batch_size or self._predictor.batch_size
        tracks = predict_frames(frames, self._predictor, batch_size=size)
        found = combine(tracks.xy, tracks.confidence)
        errors = pixel_errors(frames, range(len(frames)), found.xy.swapaxes(0, 1)).swapaxes(0, 1)
        sets = sets_of(frames, self._folder)
        return Labeled(
            self.names,
            self.views,
            tuple(tuple(map(str, images)) for images in frames.frames),
            found.xy,
            found.confidence,
            _sigma(found.spread),
            errors,
            None if sets is None else tuple(sets),
        )

    def _each(self, given: Given | Mapping[str, Given], what: str) -> list[Given]:
        """Return what is given for every view, in order; a single view needs no name.

        Raises:
            DataError: when it is not one of every view.
        """
        if isinstance(given, Mapping):
            return self._in_order(given, what)
        if len(self.views) > 1:
            raise DataError(
                f"expected a {what} of every view, {{view: {what}}} for {', '.join(self.views)}, got one"
            )
        return [given]

    def _in_order(self, given: Mapping[str, Given], what: str) -> list[Given]:
        """Return what is given for every view, in order.

        Raises:
            DataError: when it is not one of every view.
        """
        if set(given) != set(self.views):
            raise DataError(
                f"expected one {what} of each view, {', '.join(self.views) or 'none'}; got {', '.join(given)}"
            )
        return [given[view] for view in self.views]

    def _need(self, rig: Rig | None) -> None:
        """Refuse to go on without cameras where they are needed.

        Raises:
            CalibrationError: when there are none.
        """
        if rig is None and self._folder.needs_cameras:
            raise CalibrationError("this network is told where its cameras are, and there is no calibration")


def _session_name(videos: Mapping[str, Path]) -> str:
    """Return the session that the first video is named after, by which calibrations are found."""
    first = next(iter(videos.values()))
    try:
        return parse_stem(first.stem, list(videos))[0]
    except DataError:  # videos that are given by view may have any name
        return first.stem


def _joined(parts: Sequence[Consensus]) -> Consensus:
    """Return stretches of frames as one."""
    spreads = [part.spread for part in parts if part.spread is not None]
    return Consensus(
        np.concatenate([part.xy for part in parts], axis=1),
        np.concatenate([part.confidence for part in parts], axis=1),
        np.concatenate(spreads, axis=1) if spreads else None,
    )


def _sigma(variance: Float[np.ndarray, "V T K"] | None) -> Float[np.ndarray, "V T K"] | None:
    """Return standard deviations, where there are variances."""
    return None if variance is None else np.sqrt(variance)


def _lifted(found: Consensus, rig: Rig | None) -> World | None:
    """Return world points where there are cameras; the noise is learned from these frames alone."""
    if rig is None:
        return None
    some = sample_frames(found.xy.shape[1])
    spread = None if found.spread is None else found.spread[:, some]
    noise = pixel_noise(found.xy[:, some], found.confidence[:, some], rig, spread)
    return lift(found.xy, found.confidence, rig, noise, found.spread)

"""The networks that all sessions of a call share: loaded when the first one needs them, asked in turns."""

import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, UInt8

from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import Camera
from lightning_pose.core.errors import CalibrationError
from lightning_pose.core.sessions import Session
from lightning_pose.core.video import VideoReader
from lightning_pose.predict.footage import Footage, Streams
from lightning_pose.predict.given_boxes import read_session_boxes
from lightning_pose.predict.model import Model, open_model
from lightning_pose.predict.options import Options
from lightning_pose.predict.profile import Profile
from lightning_pose.predict.tracks import Block, Found

if TYPE_CHECKING:  # torch takes seconds to load; a misspelled path should not wait for it
    from lightning_pose.predict.detector import Detector
    from lightning_pose.predict.network import Predictor
    from lightning_pose.predict.runtime import RuntimePredictor

Busy = Callable[[str], AbstractContextManager[object]]  # shows that something takes a while


class Engine:
    """Turns videos into blocks of predictions; used by the threads of several sessions.

    Attributes:
        profile: where the time goes.
    """

    def __init__(self, model: Model, options: Options, busy: Busy) -> None:
        """Take note of what to load.

        Args:
            model: what to predict with.
            options: how.
            busy: shown while the weights are read.
        """
        self.model, self.options, self._busy = model, options, busy
        self.profile = Profile()
        self._loading, self._saying = threading.Lock(), threading.Lock()
        self._reasons: set[str] = set()  # why videos are not decoded by the GPU
        self._begun: dict[str, Footage] = {}  # of sessions that are decoded already

    def begin(self, session: Session) -> None:
        """Decode the first frames of a session while the networks are loaded, where `blocks` can use them."""
        if not self.options.crops and not self._may_use_nvdec:
            self._begun[session.name] = self._footage(session, 0)

    def close(self) -> None:
        """Give up what was begun and not taken up."""
        while self._begun:
            self._begun.popitem()[1].close()

    def load(self) -> None:
        """Read the weights now.

        Raises:
            ModelError: when they do not fit the model, or the detector knows other views.
            ConfigError: when the device is not there, or the detector has not the anchors.
        """
        _ = self.predictor
        if self.options.detector_model is not None:
            _ = self.detector

    @property
    def predictor(self) -> "Turns":
        """The networks, in turns; loaded by the first that asks."""
        with self._loading:
            return self._predictor

    @property
    def detector(self) -> "Detector":
        """What finds the animal; loaded by the first that asks."""
        with self._loading:
            return self._detector

    @property
    def in_flight(self) -> int:
        """Sessions that are predicted at a time."""
        return self.options.in_flight or self.predictor.sessions

    @property
    def batch_size(self) -> int:
        """Images at a time, those of all views counted."""
        return self.options.batch_size or self.predictor.batch_size

    def blocks(self, session: Session, rig: Rig | None, start: int) -> Iterator[Block]:
        """Return what all members say of a session from an instant on, in order and without gaps.

        Raises:
            CalibrationError: when the model needs cameras, and there are none.
            VideoError: when a video cannot be opened.
        """
        from lightning_pose.data.cameras import network_camera
        from lightning_pose.predict.videos import predict_blocks

        if self.model.needs_cameras and rig is None:
            raise CalibrationError("this model is told where cameras are, and there is no calibration")
        network = (self.predictor, self.model.size)
        how = {
            "batch_size": self.batch_size,
            "start": start,
            "views": self._views(session),
            "decoder_threads": self.options.num_workers or 0,
        }
        if self.options.detector_model is not None:
            from lightning_pose.predict.detect import detect_blocks

            tells = self.model.needs_cameras
            return detect_blocks(session, self.detector, *network, rig=rig, tells_cameras=tells, **how)
        if self.options.bbox_dir is not None:
            from lightning_pose.predict.detect import crop_blocks

            boxes = read_session_boxes(session, self.options.bbox_dir)
            return crop_blocks(session, boxes, *network, rig=rig if self.model.needs_cameras else None, **how)
        camera = None if rig is None else network_camera(rig, rig.sizes, self.model.size)
        footage = self._begun.pop(session.name, None) if start == 0 else None
        if footage is None:
            footage = self._footage(session, max(0, start - self.predictor.context))
        return predict_blocks(session, *network, camera=camera, footage=footage, **how)

    def pose_errors(self, session: Session, block: Block) -> list[dict[str, Float[np.ndarray, "V t K"]]]:
        """Return how far poses are from what each member was trained with (px), each kind by its name."""
        chosen = self._views(session) or range(len(self.model.views))
        shape = (len(self.model.views), *block.xy.shape[2:])
        errors = []
        for member, xy in zip(self.model.members, block.xy, strict=True):
            whole = np.full(shape, np.nan)  # of the trained views, which subspaces are of
            whole[list(chosen)] = xy
            found = self.predictor.pose_errors(member, whole)
            errors.append({name: values[list(chosen)] for name, values in found.items()})
        return errors

    def _footage(self, session: Session, start: int) -> Footage:
        """Return the frames of a session at the networks' size, decoded from now on."""
        opened = self._open_on_gpu if self._may_use_nvdec else None
        return Footage(session, self.model.size, start, threads=self.options.num_workers or 0, opened=opened)

    @property
    def _may_use_nvdec(self) -> bool:
        """Whether a GPU may decode: torchcodec is installed, and networks may run there."""
        return self.options.device not in ("cpu", "mps") and find_spec("torchcodec") is not None

    def _open_on_gpu(self, path: Path) -> AbstractContextManager[Streams]:
        """Open a video on the networks' GPU, or with PyAV where that cannot decode it; say why, once."""
        from lightning_pose.data.nvdec import open_streams
        from lightning_pose.predict.network import choose_device

        height, width = self.model.size
        device = choose_device(self.options.device)
        if not device.startswith("cuda"):
            return VideoReader(
                path, size=(width, height), partial=True, threads=self.options.num_workers or 0
            )
        streams, reason = open_streams(path, (width, height), device)
        with self._saying:
            if reason is not None and reason not in self._reasons:
                self._reasons.add(reason)
                warnings.warn(f"{path.name} is not decoded by the GPU: {reason}", stacklevel=1)
        return streams

    def _views(self, session: Session) -> list[int] | None:
        """Return which of the model's views a session has; None for all of them."""
        if len(session.videos) == len(self.model.views):
            return None
        return [self.model.views.index(view) for view in session.videos]

    @cached_property
    def _predictor(self) -> "Turns":
        with self._busy("loading the model"), self.profile.during("loading"):
            return Turns(self._load(self.model), self.profile)

    @cached_property
    def _detector(self) -> "Detector":
        from lightning_pose.crops.boxes import BoxRule
        from lightning_pose.predict.detector import make_detector

        options = self.options
        assert options.detector_model is not None
        model, rule = open_model(options.detector_model), BoxRule(options.crop_ratio, options.crop_size)
        with self._busy("loading the detector"), self.profile.during("loading"):
            predictor = Turns(self._load(model), self.profile)
        return make_detector(model, predictor, self.model.views, rule, options.anchor_keypoints)

    def _load(self, model: Model) -> "Predictor | RuntimePredictor":
        """Read the weights of a model."""
        options = self.options
        if options.runtime == "eager":
            from lightning_pose.predict.network import load_predictor

            return load_predictor(model, options.device, options.precision, compiled=options.compiled)
        from lightning_pose.predict.runtime import load_runtime

        return load_runtime(model, options.precision, runtime=options.runtime, device=options.device)


class Turns:
    """A predictor that several sessions ask: no more calls run side by side than pay off."""

    def __init__(self, predictor: "Predictor | RuntimePredictor", profile: Profile | None = None) -> None:
        self._predictor, self._profile = predictor, profile or Profile()
        self.context, self.workers, self.sessions = predictor.context, predictor.workers, predictor.sessions
        self._turn = threading.BoundedSemaphore(predictor.workers)

    @property
    def batch_size(self) -> int:
        """Images at a time that suit the device."""
        return self._predictor.batch_size

    def sequence(
        self,
        images: UInt8[np.ndarray, "S V H W 3"],
        camera: Camera | None = None,
        views: Sequence[int] | None = None,
    ) -> Found:
        """Predict consecutive frames; see `SequencePredictor`."""
        with self._turn, self._profile.during("network"):
            return self._predictor.sequence(images, camera, views)

    def __call__(self, images: UInt8[np.ndarray, "B V *F H W 3"], camera: Camera | None = None) -> Found:
        """Predict single instants; see `SequencePredictor`."""
        with self._turn, self._profile.during("network"):
            return self._predictor(images, camera)

    def pose_errors(self, member: str, xy: Float[np.ndarray, "V T K 2"]) -> dict[str, np.ndarray]:
        """Return the distances from subspaces of poses; see `SequencePredictor`."""
        return self._predictor.pose_errors(member, xy)

"""The program: model and inputs in, files out; what is there already is kept, what fails is named."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from rich.console import Console

from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import CalibrationError, ConfigError, ModelError, PoseError
from lightning_pose.core.overlay import write_labeled_videos
from lightning_pose.core.poses import Poses
from lightning_pose.core.sessions import find_rig
from lightning_pose.core.terminal import print_error
from lightning_pose.predict.ensemble import Consensus, combine
from lightning_pose.predict.inputs import Failure, Inputs, LabelSet, Session, find_inputs
from lightning_pose.predict.model import Model, open_model
from lightning_pose.predict.outputs import (
    Layout,
    label_files,
    make_poses,
    picture_files,
    pixel_files,
    read_pixels,
    world_files,
    write_pixels,
    write_world,
)
from lightning_pose.predict.progress import counted
from lightning_pose.predict.space import lift

if TYPE_CHECKING:  # torch takes seconds to load; a misspelled path should not wait for it
    from lightning_pose.predict.network import Predictor

RESUME = "What was finished is kept: the same command goes on from there."


@dataclass(frozen=True)
class Options:
    """How to predict.

    Attributes:
        out_dir: folder for the results; the model's own by default.
        calibration: a file for all sessions, `none` for no 3D; by default looked for, see `find_rig`.
        overrides: changes of the model's configuration, `key=value`.
        precision: of the forward pass.
        device: as torch names it, or `auto`.
        batch_size: images at a time, those of all views counted; the model's `val_batch_size` by default.
        overwrite: predict anew what has been predicted.
        skip_viz: write no labeled videos.
    """

    out_dir: Path | None = None
    calibration: Path | str | None = None
    overrides: Sequence[str] = ()
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    device: str = "auto"
    batch_size: int | None = None
    overwrite: bool = False
    skip_viz: bool = False


@dataclass
class Summary:
    """What became of the inputs, by the names of sessions and label files."""

    done: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


def predict(
    model_dir: Path | str,
    inputs: Iterable[Path | str],
    options: Options | None = None,
    console: Console | None = None,
) -> Summary:
    """Predict videos and labeled frames, and write what `outputs.Layout` names.

    What cannot be predicted is named in the summary; everything else is done.

    Args:
        model_dir: a model or an ensemble.
        inputs: videos, label files, folders of videos, project folders (for their labels).
        options: how.
        console: where progress is shown.

    Raises:
        ModelError: when the folder is no model, or its weights do not fit.
        ConfigError: when an override or the device cannot be used.
        DataError: when an input leads to nothing that can be predicted.
        KeyboardInterrupt: after Ctrl-C; the message says how to go on.
    """
    console = console or Console(stderr=True)
    options = options or Options()
    model = open_model(model_dir, options.overrides)
    found = find_inputs(inputs, model.views)
    program = _Program(model, options, console)
    try:
        return program.run(found)
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(RESUME) from interrupt


class _Program:
    """One call of `predict`: what all sessions share."""

    def __init__(self, model: Model, options: Options, console: Console) -> None:
        self.model = model
        self.options = options
        self.console = console
        self.layout = Layout(options.out_dir or model.folder, model.is_ensemble)
        self.batch_size = options.batch_size or model.config.training.val_batch_size
        self.summary = Summary()

    @cached_property
    def predictor(self) -> "Predictor":
        """The networks, loaded when the first session needs them."""
        from lightning_pose.predict.network import load_predictor

        with self.console.status("loading the model"):
            return load_predictor(self.model, self.options.device, self.options.precision)

    def run(self, found: Inputs) -> Summary:
        """Do everything that can be done, and name the rest; what is wrong with the inputs comes first."""
        for failure in found.failures:
            self._fail(failure)
        jobs = []
        for session in found.sessions:
            try:
                jobs.append((session, self._rig(session)))
            except CalibrationError as error:
                self._fail(Failure(_name(session), str(error)))
        for session, rig in jobs:
            self._attempt(_name(session), lambda session=session, rig=rig: self._session(session, rig))
        for labels in found.label_sets:
            self._attempt(labels.name, lambda labels=labels: self._labels(labels))
        return self.summary

    def _attempt(self, name: str, action: Callable[[], bool]) -> None:
        """Do one session or label set, and note what became of it.

        Raises:
            ModelError, ConfigError: since no other session would fare better.
        """
        try:
            fresh = action()
        except (ModelError, ConfigError):
            raise
        except PoseError as error:
            self._fail(Failure(name, str(error)))
            return
        if fresh:
            self.summary.done.append(name)
        else:
            self.summary.kept.append(name)
            self._say(f"{name}: predicted before and kept (--overwrite predicts anew)")

    def _session(self, session: Session, rig: Rig | None) -> bool:
        """Predict, triangulate and draw a session where that is still to do; return whether anything was."""
        members = list(self.model.members)
        predicts = self._lacks(pixel_files(self.layout, session, members))
        if predicts:
            self._predict(session, rig)
        lifts = rig is not None and (predicts or self._lacks(world_files(self.layout, session)))
        draws = not self.options.skip_viz and (predicts or self._lacks(picture_files(self.layout, session)))
        if not (lifts or draws):
            return predicts
        views = combine([read_pixels(self.layout, session, member) for member in members])
        if lifts:
            assert rig is not None
            with self.console.status(f"{_name(session)}: triangulating"):
                world = lift(views.xy, views.confidence, rig, views.spread)
                write_world(self.layout, session, self.model.names, world)
        if draws:
            self._draw(session, views)
        return True

    def _predict(self, session: Session, rig: Rig | None) -> None:
        """Run the networks over the videos and write what every member says.

        Raises:
            CalibrationError: when the model needs cameras, and there are none.
        """
        from lightning_pose.data.cameras import network_camera
        from lightning_pose.predict.videos import predict_session

        if self.model.needs_cameras and rig is None:
            raise CalibrationError("this model is told where cameras are, and there is no calibration")
        n_views, context = len(session.videos), self.predictor.context
        camera = None if rig is None else network_camera(rig, rig.sizes, self.model.size)
        predictor = partial(self.predictor.sequence, camera=camera)
        with counted(self.console, _name(session), session.n_frames * n_views) as progress:
            tracks = predict_session(
                session, predictor, self.model.size, batch_size=self.batch_size, context=context,
                on_frames=lambda count: progress(count * n_views),
            )  # fmt: skip
        frames = np.arange(session.n_frames)
        for member, xy, confidence in zip(self.model.members, *tracks, strict=True):
            pairs = zip(session.videos, xy, confidence, strict=True)
            views = {view: make_poses(self.model.names, p, c, frames) for view, p, c in pairs}
            write_pixels(self.layout, session, member, views, self.predictor.pose_errors(member, xy))

    def _draw(self, session: Session, views: Consensus) -> None:
        """Write the labeled videos of a session."""
        frames, n_views = np.arange(session.n_frames), len(session.videos)
        poses: dict[str, Poses] = {}
        for v, view in enumerate(session.videos):
            poses[view] = make_poses(self.model.names, views.xy[v], views.confidence[v], frames)
        what = f"{_name(session)}: labeled videos"
        with counted(self.console, what, session.n_frames * n_views) as progress:
            write_labeled_videos(
                session.videos, poses, self.model.skeleton,
                outputs={view: self.layout.labeled(session, view) for view in session.videos},
                mosaic_output=self.layout.mosaic(session) if n_views > 1 else None,
                on_frame=lambda: progress(n_views),
            )  # fmt: skip

    def _labels(self, labels: LabelSet) -> bool:
        """Predict the images of a label set, unless that has been done; return whether it was now."""
        members = list(self.model.members)
        if not self._lacks(label_files(self.layout, labels, members)):
            return False
        from lightning_pose.predict.labels import predict_frames, read_label_set, sets_of, write_labels

        with self.console.status(f"{labels.name}: reading images"):
            frames = read_label_set(labels, self.model)
        n_views, predictor = len(labels.files), self.predictor
        with counted(self.console, labels.name, len(frames) * n_views) as progress:
            tracks = predict_frames(
                frames, predictor, batch_size=self.batch_size,
                on_frames=lambda count: progress(count * n_views),
            )  # fmt: skip
        sets = sets_of(frames, self.model)
        errors = write_labels(self.layout, labels, frames, tracks, members=members, sets=sets)
        for view, error in errors.items():
            self._say(f"{labels.files[view].name}: median distance to the labels {error:.2f} px")
        return True

    def _rig(self, session: Session) -> Rig | None:
        """Return the cameras of a session; say where they were looked for in vain."""
        found = find_rig(session, self.options.calibration, self.model.data_dir)
        if found.rig is None and found.looked:
            places = ", ".join(str(place) for place in found.looked)
            self._say(f"{_name(session)}: no calibration, so no 3D (looked in {places})")
        return found.rig

    def _lacks(self, files: Sequence[Path]) -> bool:
        """Return whether any of the files has to be made."""
        return self.options.overwrite or not all(path.is_file() for path in files)

    def _fail(self, failure: Failure) -> None:
        """Name what cannot be predicted."""
        self.summary.failures.append(failure)
        print_error(f"error: {failure.what}: {failure.reason}")

    def _say(self, text: str) -> None:
        """Print a line."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


def _name(session: Session) -> str:
    """Return how a session is called in messages."""
    return session.name or "session"

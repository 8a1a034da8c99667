"""One recording session: an individual, its motion, the cameras of the day, the light, and the truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import ConfigError, raise_collected
from lightning_pose.core.poses import Poses
from lightning_pose.synthetic.animal import KEYPOINTS, Individual, draw_individual
from lightning_pose.synthetic.body import Parts, keypoint_depths, place_parts
from lightning_pose.synthetic.light import Light, draw_light
from lightning_pose.synthetic.motion import Motion, simulate_motion
from lightning_pose.synthetic.posture import Posture, pose_body
from lightning_pose.synthetic.raycast import see_keypoints
from lightning_pose.synthetic.rig import MOST_VIEWS, jitter_rig, make_rig

SMALLEST = 32  # px, of an image side


@dataclass(frozen=True)
class SynthConfig:
    """What to render.

    Attributes:
        views: number of cameras.
        sessions: sessions with labels.
        test_sessions: further sessions without labels, of individuals and lights that no label shows.
        frames: length of a labeled session.
        test_frames: length of a test session; `frames` by default.
        labels: labeled instants per labeled session, spread over its frames.
        size: width and height of the images, px.
        fps: frames a second.
        seed: decides everything.
        label_noise: standard deviation of the labels in the tables, px; the truth stays exact.
        visible_column: write `visible` into the label tables (1 occluded, 2 visible) instead of plain x, y.
        crf: quality of the videos, 0 lossless to 51.
    """

    views: int = 4
    sessions: int = 3
    test_sessions: int = 1
    frames: int = 600
    test_frames: int | None = None
    labels: int = 40
    size: tuple[int, int] = (256, 256)
    fps: float = 30.0
    seed: int = 0
    label_noise: float = 0.0
    visible_column: bool = False
    crf: int = 18

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            ConfigError: which lists every value that cannot be.
        """
        least = {"sessions": 0, "test_sessions": 0, "frames": 1, "labels": 0, "seed": 0, "label_noise": 0}
        faults = [f"{name}: expected at least {low}, got {getattr(self, name)}" for name, low in least.items()
                  if getattr(self, name) < low]  # fmt: skip
        if not 1 <= self.views <= MOST_VIEWS:
            faults.append(f"views: expected 1 to {MOST_VIEWS}, got {self.views}")
        if self.test_frames is not None and self.test_frames < 1:
            faults.append(f"test_frames: expected at least 1, got {self.test_frames}")
        if self.sessions + self.test_sessions < 1:
            faults.append("sessions: expected at least one, labeled or test")
        if self.sessions and self.labels > self.frames:
            faults.append(f"labels: {self.labels} instants of {self.frames} frames")
        if min(self.size) < SMALLEST or any(side % 2 for side in self.size):
            faults.append(f"size: expected even sides of at least {SMALLEST} px, got {self.size}")
        if not 0 < self.fps <= 1000:
            faults.append(f"fps: expected more than 0 and at most 1000, got {self.fps}")
        if not 0 <= self.crf <= 51:
            faults.append(f"crf: expected 0 to 51, got {self.crf}")
        if faults:
            raise_collected(ConfigError, "cannot render this", faults)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the sessions, labeled ones first."""
        labeled = tuple(f"session{i}" for i in range(self.sessions))
        return labeled + tuple(f"unseen{i}" for i in range(self.test_sessions))

    def length(self, index: int) -> int:
        """Return the number of frames of a session."""
        return self.frames if index < self.sessions or self.test_frames is None else self.test_frames


class Truth(NamedTuple):
    """What is known exactly about a session.

    Attributes:
        rig: the cameras.
        poses: keypoints in the world, mm.
        projections: keypoints in the images, px, also of those outside and occluded.
        visibility: whether a camera sees the keypoint.
    """

    rig: Rig
    poses: Poses
    projections: Float[np.ndarray, "V T K 2"]
    visibility: Bool[np.ndarray, "V T K"]

    def view(self, name: str) -> Poses:
        """Return one view's keypoints in px, `visible` 2 where seen, 1 where hidden, 0 outside the image."""
        v = self.rig.names.index(name)
        inside = in_image(self.projections[v], self.rig.sizes[v])
        visible = np.where(self.visibility[v], 2, np.where(inside, 1, 0))
        return Poses(self.poses.names, self.projections[v], self.poses.frames, visible=visible)


class Session(NamedTuple):
    """A session that can be rendered."""

    name: str
    index: int
    animal: Individual
    light: Light
    posture: Posture
    parts: Parts
    truth: Truth


def make_session(config: SynthConfig, index: int) -> Session:
    """Simulate one session; labeled ones come first, test sessions after them."""
    animal = draw_individual(stream(config.seed, "animal", index))
    light = draw_light(stream(config.seed, "light", index))
    rig = make_rig(config.views, config.size, stream(config.seed, "rig", 0))
    rig = jitter_rig(rig, stream(config.seed, "jitter", index))
    time = np.arange(config.length(index)) / config.fps
    motion = simulate_motion(float(time[-1]), stream(config.seed, "motion", index), scale=animal.scale)
    return stage_session(config.names[index], index, rig, time, (animal, motion, light))


def stage_session(
    name: str, index: int, rig: Rig, time: Float[np.ndarray, "T"], cast: tuple[Individual, Motion, Light]
) -> Session:
    """Put an individual that moves before cameras.

    Args:
        name: of the session.
        index: of the session in its world; decides the sensor's noise.
        rig: the cameras of the day.
        time: s, of every frame.
        cast: the individual, its motion, and the light.
    """
    animal, motion, light = cast
    posture = pose_body(animal, motion, time)
    parts = place_parts(animal, posture)
    truth = Truth(
        rig,
        Poses(KEYPOINTS, posture.keypoints, np.arange(len(time))),
        rig.project(posture.keypoints),
        see_keypoints(rig, parts, posture.keypoints, keypoint_depths(animal)),
    )
    return Session(name, index, animal, light, posture, parts, truth)


def simulate_truth(
    views: int = 4,
    frames: int = 600,
    *,
    seed: int = 0,
    fps: float = 30.0,
    size: tuple[int, int] = (256, 256),
    session: int = 0,
) -> Truth:
    """Simulate a session without rendering it.

    Args:
        views: number of cameras.
        frames: number of frames.
        seed: decides rig, animal and motion.
        fps: frames a second.
        size: width and height of the images, px.
        session: which session of this seed: same rig up to a jitter, other individual and motion.

    Returns:
        Rig, 3D poses in mm, projections in px, and visibility.
    """
    config = SynthConfig(
        views, sessions=session + 1, test_sessions=0, frames=frames, labels=0, size=size, fps=fps, seed=seed
    )
    return make_session(config, session).truth


_STREAMS = ("rig", "jitter", "animal", "light", "motion", "sensor", "labels", "ensemble")


def stream(seed: int, purpose: str, *index: int) -> np.random.Generator:
    """Return the random numbers for one purpose, independent of those for every other."""
    key = (_STREAMS.index(purpose), *index)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def in_image(
    xy: Float[np.ndarray, "*N 2"], size: Sequence[int] | Int[np.ndarray, "2"]
) -> Bool[np.ndarray, "*N"]:
    """Return which points lie on the image; pixel centres are whole numbers."""
    return np.asarray(((xy >= -0.5) & (xy <= np.array(size) - 0.5)).all(axis=-1))

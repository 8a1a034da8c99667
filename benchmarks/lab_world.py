"""A world as a laboratory records it: most sessions alike, a few not, and postures that are seldom taken.

Of every fourteen sessions eleven are ordinary, two show a black and heavy strain, and one was filmed in a dim
room after somebody had moved the cameras. In every third session the animal rears up once; elsewhere it stays
on its four legs.
"""

import dataclasses
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lightning_pose.core.project import create_project
from lightning_pose.core.tables import read_poses, write_poses
from lightning_pose.core.video import VideoWriter
from lightning_pose.synthetic.animal import SKELETON, Individual, draw_individual
from lightning_pose.synthetic.light import draw_light
from lightning_pose.synthetic.motion import Motion, simulate_motion
from lightning_pose.synthetic.render import Renderer
from lightning_pose.synthetic.rig import jitter_rig, make_rig
from lightning_pose.synthetic.session import Session, stage_session, stream

VIEWS = 3
BLACK, DIM = (3, 10), (6,)  # of fourteen sessions
UPRIGHT = 0.3  # of full height: more is a rare posture


class Part(NamedTuple):
    """Sessions of one kind: those that can be labeled, or those that are scored."""

    name: str
    first: int  # index in the world
    sessions: int
    frames: int
    fps: float


def write_world(folder: Path, parts: tuple[Part, ...], size: int, seed: int = 5) -> None:
    """Render a project without labels, the videos of each part in a folder of its own, and the truth.

    Args:
        folder: the project.
        parts: what is filmed.
        size: side of the images, px.
        seed: decides everything.
    """
    if not (folder / "project.yaml").is_file():
        create_project(folder, tuple(f"cam{view}" for view in range(VIEWS)), SKELETON)
    for part in parts:
        for number in range(part.sessions):
            name = f"{part.name}{number:02d}"
            if not (folder / "truth" / f"{name}_rare.txt").is_file():
                _write(folder, part, film(part, number, size, seed), seed)
                print("rendered", name, flush=True)


def film(part: Part, number: int, size: int, seed: int) -> Session:
    """Return one session of a part."""
    index, kind = part.first + number, number % 14
    animal, light = draw_individual(stream(seed, "animal", index)), draw_light(stream(seed, "light", index))
    if kind in BLACK:
        animal = _black(animal)
    if kind in DIM:
        light = light._replace(key=0.3, ambient=0.2, noise=5.0)
    rig = make_rig(VIEWS, (size, size), stream(seed, "rig", 0))
    moved = {"angle": 0.04, "shift": 25.0} if kind in DIM else {}
    rig = jitter_rig(rig, stream(seed, "jitter", index), **moved)
    time = np.arange(part.frames) / part.fps
    rng = stream(seed, "motion", index)
    motion = simulate_motion(float(time[-1]), rng, scale=animal.scale)
    motion = motion._replace(rear=_one_rear(motion, rng) if kind % 3 == 1 else np.zeros_like(motion.rear))
    return stage_session(f"{part.name}{number:02d}", index, rig, time, (animal, motion, light))


def read_truth(folder: Path, session: str) -> np.ndarray:
    """Return the world points of a session (T K 3), mm."""
    return read_poses(folder / "truth" / f"{session}_3d.csv").points


def read_rare(folder: Path, session: str) -> np.ndarray:
    """Return which frames of a session show what is rare."""
    return np.loadtxt(folder / "truth" / f"{session}_rare.txt", dtype=bool)


def _write(folder: Path, part: Part, session: Session, seed: int) -> None:
    """Write the files of a session; the list of rare frames comes last."""
    truth = session.truth
    truth.rig.save(folder / "calibrations" / f"{session.name}.toml")
    for view, name in enumerate(truth.rig.names):
        write_poses(folder / "truth" / f"{session.name}_{name}.csv", truth.view(name))
        renderer = Renderer(session, view, seed)
        width, height = truth.rig.sizes[view].tolist()
        path = folder / f"videos_{part.name}" / f"{session.name}_{name}.mp4"
        path.parent.mkdir(exist_ok=True)
        with VideoWriter(path, width, height, part.fps, crf=14) as writer:
            for frame in range(len(renderer)):
                writer.write(renderer.render(frame))
    write_poses(folder / "truth" / f"{session.name}_3d.csv", truth.poses)
    unusual = int(session.name[-2:]) % 14 in (*BLACK, *DIM)
    rare = (session.posture.rear > UPRIGHT) | unusual
    np.savetxt(folder / "truth" / f"{session.name}_rare.txt", rare, fmt="%d")


def _black(animal: Individual) -> Individual:
    """Return the same animal of the other strain."""
    return dataclasses.replace(
        animal, coat=(0.17, 0.15, 0.14), mark=(0.07, 0.06, 0.06), skin=(0.42, 0.31, 0.29),
        scale=1.15 * animal.scale, girth=1.15 * animal.girth,
    )  # fmt: skip


def _one_rear(motion: Motion, rng: np.random.Generator) -> np.ndarray:
    """Return how far the animal is reared up when it does so only once."""
    up = motion.rear > 0
    starts = np.flatnonzero(up[1:] & ~up[:-1] & (motion.time[1:] > 0)) + 1
    if not len(starts):
        return np.zeros_like(motion.rear)
    start = int(rng.choice(starts))
    down = np.flatnonzero(~up[start:])
    stop = start + int(down[0]) if len(down) else len(up)
    inside = (np.arange(len(up)) >= start) & (np.arange(len(up)) < stop)
    return np.where(inside, motion.rear, 0.0)

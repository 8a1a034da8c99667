"""The flesh on the joints: ellipsoids and tapered cylinders, and how deep each keypoint lies in them."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from lightning_pose.core.rotations import matrix_from_rvec
from lightning_pose.synthetic.animal import KEYPOINTS, Individual
from lightning_pose.synthetic.posture import Frames, Posture, Vectors

_DEPTH = {
    "nose": 6.0, "ear": 10.0, "neck": 6.0, "back": 6.0, "tail_base": 14.0, "tail_mid": 7.0, "tail_tip": 5.0,
    "elbow": 11.0, "paw_front": 10.0, "knee": 15.0, "hock": 7.0, "paw_hind": 10.0,
}  # fmt: skip
_TAIL_RADII = (6.5, 5.0, 3.9, 2.9, 2.0)


class Parts(NamedTuple):
    """P convex pieces over T times, each a unit shape in its own coordinates q = inverse (p - center).

    An ellipsoid is |q| <= 1. A tapered cylinder, length > 0, is q_x² + q_y² <= (1 + taper q_z)² with
    0 <= q_z <= length; its open ends lie inside other parts.

    Attributes:
        names: of the parts; left and right ones end in `_left` and `_right`.
        center: mm, world.
        axes: columns are the local axes in the world, mm; world = center + axes q.
        inverse: world to local, 1/mm.
        taper: change of the radius along q_z; 0 for ellipsoids.
        length: of tapered cylinders, in units of their first radius; 0 for ellipsoids.
    """

    names: tuple[str, ...]
    center: Float[np.ndarray, "T P 3"]
    axes: Float[np.ndarray, "T P 3 3"]
    inverse: Float[np.ndarray, "T P 3 3"]
    taper: Float[np.ndarray, " P"]
    length: Float[np.ndarray, " P"]

    def at(self, index: slice) -> "Parts":
        """Return the parts at some of the times."""
        return self._replace(center=self.center[index], axes=self.axes[index], inverse=self.inverse[index])

    def corners(self) -> Float[np.ndarray, "T P 8 3"]:
        """Return the corners of a box around each part, mm, world."""
        unit = np.stack(np.meshgrid(*[[-1.0, 1.0]] * 3, indexing="ij"), axis=-1).reshape(8, 3)
        wide = np.maximum(1.0, 1.0 + self.taper * self.length)[:, None]
        local = np.repeat(unit[None], len(self.length), axis=0)
        cone = self.length > 0
        local[cone, :, 2] = (local[cone, :, 2] > 0) * self.length[cone, None]
        local[..., :2] *= wide[..., None]
        return self.center[:, :, None] + np.einsum("tpij,pcj->tpci", self.axes, local)


def keypoint_depths(animal: Individual) -> Float[np.ndarray, " K"]:
    """Return how far under the skin each keypoint may lie in any direction and still count as seen, mm."""
    depths = [next(depth for stem, depth in _DEPTH.items() if name.startswith(stem)) for name in KEYPOINTS]
    return animal.scale * np.array(depths)


def place_parts(animal: Individual, posture: Posture) -> Parts:
    """Put the body parts on the joints."""
    builder = _Builder(animal)
    _trunk(builder, posture)
    _head(builder, posture)
    for side in ("left", "right"):
        _front_limb(builder, posture, side)
        _hind_limb(builder, posture, side)
    for i in range(len(_TAIL_RADII) - 1):
        start, end = posture.joints[f"tail_{i}"], posture.joints[f"tail_{i + 1}"]
        builder.cone(f"tail_{i}", start, end, _TAIL_RADII[i], _TAIL_RADII[i + 1])
        builder.ball(f"tail_end_{i}", end, posture.frames["pelvis"], _TAIL_RADII[i + 1])
    return builder.parts()


class _Builder:
    """Collects parts; lengths come in mm of an animal of scale 1."""

    def __init__(self, animal: Individual) -> None:
        self.animal = animal
        self._rows: list[tuple[str, Vectors, Frames, float, float]] = []

    def ellipsoid(self, name: str, center: Vectors, frame: Frames, radii: tuple[float, float, float]) -> None:
        """Add an ellipsoid with radii along the columns of `frame`."""
        self._rows.append((name, center, frame * (self.animal.scale * np.array(radii)), 0.0, 0.0))

    def ball(self, name: str, center: Vectors, frame: Frames, radius: float) -> None:
        """Add a ball, textured in `frame`."""
        self.ellipsoid(name, center, frame, (radius, radius, radius))

    def cone(self, name: str, start: Vectors, end: Vectors, first: float, last: float) -> None:
        """Add a tapered cylinder from `start` to `end` with these radii."""
        bone = end - start
        size, radius = float(np.linalg.norm(bone[0])), self.animal.scale * first
        frame = np.roll(_along(bone), -1, axis=-1)  # the bone is the third axis
        length = size / radius
        self._rows.append((name, start, frame * radius, (last / first - 1) / length, length))

    def parts(self) -> Parts:
        """Stack what was added."""
        axes = np.stack([row[2] for row in self._rows], axis=1)
        squares = (axes**2).sum(axis=-2, keepdims=True)
        return Parts(
            names=tuple(row[0] for row in self._rows),
            center=np.stack([row[1] for row in self._rows], axis=1),
            axes=axes,
            inverse=np.swapaxes(axes / squares, -1, -2),
            taper=np.array([row[3] for row in self._rows]),
            length=np.array([row[4] for row in self._rows]),
        )


def _along(bone: Vectors) -> Frames:
    """Return frames whose first axis is the bone and whose second is as level as can be."""
    first = bone / np.linalg.norm(bone, axis=-1, keepdims=True)
    second = np.stack([-first[:, 1], first[:, 0], np.full(len(first), 1e-3)], axis=-1)
    second -= (second * first).sum(axis=-1, keepdims=True) * first
    second /= np.linalg.norm(second, axis=-1, keepdims=True)
    return np.stack([first, second, np.cross(first, second)], axis=-1)


def _trunk(builder: _Builder, posture: Posture) -> None:
    """Add hips, belly, chest and neck; the skin over lumbar spine and neck is where their keypoints are."""
    girth, s = builder.animal.girth, builder.animal.scale
    for name, joint, frame, shift, radii in (
        ("hips", "pelvis", "pelvis", (-2.0, 0.0), (31.0, 23.0, 25.0)),
        ("belly", "lumbar", "lumbar", (0.0, -3.0), (38.0, 25.0, 25.0)),
        ("chest", "chest", "chest", (-1.0, -2.0), (29.0, 20.0, 22.0)),
        ("throat", "neck", "neck", (-3.0, -1.0), (24.0, 15.0, 16.0)),
    ):
        offset = posture.frames[frame] @ (s * np.array([shift[0], 0.0, shift[1] * girth]))
        long, wide, high = radii
        center = posture.joints[joint] + offset
        builder.ellipsoid(name, center, posture.frames[frame], (long, wide * girth, high * girth))
    for name, first, second, wide in (("loin", "pelvis", "lumbar", 24.0), ("ribs", "lumbar", "chest", 23.0)):
        start, end = posture.joints[first], posture.joints[second]
        center = 0.5 * (start + end) + posture.frames["lumbar"] @ np.array([0.0, 0.0, -2.0 * s * girth])
        builder.ellipsoid(name, center, _along(end - start), (34.0, wide * girth, 24.0 * girth))


def _head(builder: _Builder, posture: Posture) -> None:
    """Add skull, snout, nose, eyes and ears."""
    frame, s = posture.frames["head"], builder.animal.scale

    def at(x: float, y: float, z: float) -> Vectors:
        return posture.joints["head"] + frame @ (s * np.array([x, y, z]))

    builder.ellipsoid("skull", at(-2.0, 0.0, 1.0), frame, (20.0, 14.0, 14.0))
    builder.ellipsoid("snout", at(13.0, 0.0, -2.5), frame, (17.5, 8.5, 8.5))
    builder.ball("nose", posture.joints["nose"], frame, 3.6)
    ears = builder.animal.ears
    for side, sign in (("left", 1.0), ("right", -1.0)):
        builder.ball(f"eye_{side}", at(9.0, 9.5 * sign, 6.0), frame, 3.2)
        turned = frame @ matrix_from_rvec(np.array([0.0, 0.0, 0.7 * sign]))
        ear = posture.keypoints[:, KEYPOINTS.index(f"ear_{side}")]
        builder.ellipsoid(f"ear_{side}", ear, turned, (2.6, 8.5 * ears, 9.5 * ears))


def _front_limb(builder: _Builder, posture: Posture, side: str) -> None:
    """Add shoulder, upper arm, forearm and paw."""
    shoulder, elbow, paw = (posture.joints[f"{joint}_front_{side}"] for joint in ("shoulder", "elbow", "paw"))
    builder.ellipsoid(f"shoulder_{side}", shoulder, posture.frames["chest"], (12.0, 8.0, 13.0))
    builder.cone(f"upper_arm_{side}", shoulder, elbow, 8.5, 6.0)
    builder.ball(f"elbow_{side}", elbow, posture.frames["chest"], 6.0)
    builder.cone(f"forearm_{side}", elbow, paw, 6.0, 4.0)
    builder.ellipsoid(f"paw_front_{side}", paw, posture.frames["paw_front"], (8.0, 5.5, 4.2))


def _hind_limb(builder: _Builder, posture: Posture, side: str) -> None:
    """Add thigh, shank and foot."""
    joints = (f"{joint}_hind_{side}" for joint in ("hip", "knee", "hock", "paw"))
    hip, knee, hock, paw = (posture.joints[joint] for joint in joints)
    bone = knee - hip
    long = 0.5 * float(np.linalg.norm(bone[0])) / builder.animal.scale + 9.0
    builder.ellipsoid(f"thigh_{side}", 0.5 * (hip + knee), _along(bone), (long, 10.0, 16.0))
    builder.ball(f"knee_{side}", knee, posture.frames["pelvis"], 7.5)
    builder.cone(f"shank_{side}", knee, hock, 7.5, 4.5)
    builder.ball(f"hock_{side}", hock, posture.frames["pelvis"], 4.5)
    builder.cone(f"foot_{side}", hock, paw, 4.5, 4.0)
    builder.ellipsoid(f"paw_hind_{side}", paw, posture.frames["paw_hind"], (8.5, 5.5, 4.2))

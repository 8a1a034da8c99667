"""What the skin looks like: a solid texture in the coordinates of the body at rest, so that it sticks."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from lightning_pose.synthetic.animal import Individual
from lightning_pose.synthetic.body import Parts, place_parts
from lightning_pose.synthetic.motion import TAIL_JOINTS, Motion
from lightning_pose.synthetic.posture import pose_body

Row = Float[np.ndarray, " N"]

_SKIN = ("paw", "nose", "tail", "foot")
_EYE = (0.05, 0.04, 0.05)
_COAT_KIND, _SKIN_KIND, _EYE_KIND, _EAR_KIND = range(4)


class Coat(NamedTuple):
    """Where each part lies at rest, and of what kind its surface is.

    Attributes:
        center: of the parts at rest, mm of an animal of scale 1; x forward from the hips, y left, z up.
        axes: local axes at rest.
        kind: coat, skin, eye or ear, per part.
        animal: whose colours they are.
    """

    center: Float[np.ndarray, "P 3"]
    axes: Float[np.ndarray, "P 3 3"]
    kind: Int[np.ndarray, " P"]
    animal: Individual


def make_coat(animal: Individual) -> Coat:
    """Lay the animal to rest and note where its parts are."""
    zeros = np.zeros(2)
    rest = Motion(
        np.array([0.0, 1.0]), np.zeros((2, 2)), zeros, zeros, zeros, zeros, zeros, zeros, zeros,
        np.zeros((2, TAIL_JOINTS)),
    )  # fmt: skip
    parts = place_parts(animal, pose_body(animal, rest, np.zeros(1)))
    center, axes = (array[0].astype(np.float32) / animal.scale for array in (parts.center, parts.axes))
    return Coat(center.astype(np.float32), axes.astype(np.float32), _kinds(parts), animal)


def paint(coat: Coat, part: Int[np.ndarray, " N"], q: Float[np.ndarray, "3 N"]) -> Float[np.ndarray, "3 N"]:
    """Return the colours (RGB, 0 to 1) at points of the skin.

    Args:
        coat: of the animal.
        part: which part each point lies on.
        q: the points in the coordinates of their parts.
    """
    center, axes = coat.center[part], coat.axes[part]
    x, y, z = (center[:, i] + sum(axes[:, i, j] * q[j] for j in range(3)) for i in range(3))
    grain = _grain(x, y, z)
    marked = _markings(coat.animal, x, y, z, grain)
    belly = _step((26.0 - z + 6.0 * grain) / 14.0) * 0.45
    coat_color, mark, skin = (
        _column(color) for color in (coat.animal.coat, coat.animal.mark, coat.animal.skin)
    )
    fur = coat_color + (mark - coat_color) * marked
    fur = fur + (0.93 - fur) * (belly * (1 - marked))
    rings = 1 - 0.16 * _step(2.0 * np.sin(x * np.float32(0.9))) * (x < -32)
    kind = coat.kind[part]
    naked = (kind == _SKIN_KIND) | ((kind == _EAR_KIND) & (q[0] > 0))
    color = np.where(naked, skin * rings, fur * (1 + np.float32(0.17) * grain))
    return np.where(kind == _EYE_KIND, _column(_EYE), color)


def _kinds(parts: Parts) -> Int[np.ndarray, " P"]:
    """Return the kind of every part's surface, by its name."""
    kinds = []
    for name in parts.names:
        if name.startswith("eye"):
            kinds.append(_EYE_KIND)
        elif name.startswith("ear"):
            kinds.append(_EAR_KIND)
        else:
            kinds.append(_SKIN_KIND if name.startswith(_SKIN) else _COAT_KIND)
    return np.array(kinds)


def _markings(animal: Individual, x: Row, y: Row, z: Row, grain: Row) -> Row:
    """Return how dark the coat is marked: hood, stripe along the back, patches, socks on the left legs."""
    a, b, c = (np.float32(phase) for phase in animal.pattern)
    rim = x + 5.0 * grain
    hood = _step((rim - (112.0 - 42.0 * animal.hood)) / 5.0)
    blaze = _step((5.0 - np.abs(y)) / 2.5) * _step((z - 48.0) / 4.0) * _step((x - 115.0) / 6.0)
    stripe = _step((6.5 + 2.0 * grain - np.abs(y)) / 3.0) * _step((z - 50.0) / 8.0)
    waves = np.sin(x * 0.075 + a) + np.sin(z * 0.11 + y * 0.05 + b) + np.sin((x - 2.2 * y) * 0.05 + c)
    patches = _step((waves + 0.3 * grain - 0.9) * 3.0) * _step((z - 30.0) / 8.0)
    socks = _step((y - 3.0) / 3.0) * _step((27.0 - z) / 5.0)
    return np.maximum.reduce([hood * (1 - blaze), stripe, patches, socks])


def _grain(x: Row, y: Row, z: Row) -> Row:
    """Return tufts of hair, about -1 to 1: products of waves a few mm long, drawn out along the body."""
    one = np.sin(x * 0.55 + 2.3 * np.sin(y * 0.31) + z * 0.4) * np.sin(y * 1.1 - z * 0.9 + 1.7)
    two = np.sin(x * 1.1 - z * 1.7 + 0.5) * np.sin(y * 1.9 + x * 0.6 + 2.1 * np.sin(z * 0.5))
    return 0.55 * one + 0.45 * two


def _step(x: Row) -> Row:
    """Rise smoothly from 0 to 1 for x from 0 to 1: 3x² - 2x³."""
    x = np.minimum(np.maximum(x, np.float32(0)), np.float32(1))
    return x * x * (3 - 2 * x)


def _column(color: tuple[float, float, float]) -> Float[np.ndarray, "3 1"]:
    """Return a colour that broadcasts over points."""
    return np.array(color, dtype=np.float32)[:, None]

"""The renderer: casts the rays of a camera's pixels at the body parts and lights what they hit first."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, UInt8

from lightning_pose.synthetic.arena import cast_shadow, light_backdrop, make_backdrop
from lightning_pose.synthetic.light import Light
from lightning_pose.synthetic.raycast import hit_cone, hit_ellipsoid
from lightning_pose.synthetic.rays import SAMPLES, boxes, make_rays
from lightning_pose.synthetic.session import Session, stream
from lightning_pose.synthetic.texture import make_coat, paint

_SHADE_HEIGHT = 45.0  # mm over the floor up to which the body dims the light of the room
_SLACK = 32  # px by which the tile of sensor noise is larger than the image


class Surface(NamedTuple):
    """What the rays of one frame hit first, within a window of the samples.

    Attributes:
        depth: along the optical axis, mm; infinite where nothing is hit.
        part: index of the part; -1 where nothing is hit.
        left: first column of the window.
        top: first row of the window.
    """

    depth: Float[np.ndarray, "h w"]
    part: Int[np.ndarray, "h w"]
    left: int
    top: int


class Renderer:
    """Renders the frames of one view of a session; the same frame always has the same pixels."""

    def __init__(self, session: Session, view: int, seed: int) -> None:
        """Prepare what all frames share: rays, boxes, the empty arena, the coat.

        Args:
            session: what to film.
            view: index of the camera.
            seed: of the world; decides the sensor's noise.
        """
        rig = session.truth.rig
        self.parts, self.light = session.parts, session.light
        self._rays = make_rays(rig, view)
        self._boxes = boxes(rig, view, self.parts)
        self._backdrop = make_backdrop(self._rays, self.light)
        self._coat = make_coat(session.animal)
        self._inverse = self.parts.inverse.astype(np.float32)
        offset = self._rays.center - self.parts.center
        self._origin = np.einsum("tpij,tpj->tpi", self.parts.inverse, offset).astype(np.float32)
        width, height = rig.sizes[view]
        rng = stream(seed, "sensor", session.index, view)
        self._noise = rng.normal(0, self.light.noise, (height + _SLACK, width + _SLACK, 3)).astype(np.float32)
        self._shifts = rng.integers(0, _SLACK, (len(self._boxes), 2))

    def __len__(self) -> int:
        return len(self._boxes)

    def render(self, frame: int) -> UInt8[np.ndarray, "H W 3"]:
        """Return one frame, RGB."""
        image = light_backdrop(self._backdrop, cast_shadow(self.parts, frame, self.light))
        surface = self.cast(frame)
        if surface.part.size:
            self._composite(image, surface, frame)
        height, width = image.shape[:2]
        dy, dx = self._shifts[frame]
        image *= 255
        image += self._noise[dy : dy + height, dx : dx + width]
        return np.clip(image + 0.5, 0, 255).astype(np.uint8)

    def cast(self, frame: int) -> Surface:
        """Return what each ray of a frame hits first, `SAMPLES` x `SAMPLES` rays per pixel."""
        boxes = self._boxes[frame]
        filled = boxes[(boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])]
        if not len(filled):
            return Surface(np.empty((0, 0), np.float32), np.empty((0, 0), np.int16), 0, 0)
        left, top = filled[:, :2].min(axis=0) // SAMPLES * SAMPLES
        right, bottom = -(-filled[:, 2:].max(axis=0) // SAMPLES) * SAMPLES
        depth = np.full((bottom - top, right - left), np.inf, np.float32)
        part = np.full(depth.shape, -1, np.int16)
        for p, (x0, y0, x1, y1) in enumerate(boxes.tolist()):
            if x1 <= x0 or y1 <= y0:
                continue
            rays = self._rays.directions[:, y0:y1, x0:x1]
            m, origin = self._inverse[frame, p], tuple(self._origin[frame, p].tolist())
            local = tuple(m[i, 0] * rays[0] + m[i, 1] * rays[1] + m[i, 2] * rays[2] for i in range(3))
            length, taper = float(self.parts.length[p]), float(self.parts.taper[p])
            t = hit_cone(origin, local, taper, length) if length else hit_ellipsoid(origin, local)
            window = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
            nearer = t < depth[window]
            np.copyto(depth[window], t, where=nearer)
            np.copyto(part[window], np.int16(p), where=nearer)
        return Surface(depth, part, int(left), int(top))

    def _composite(self, image: Float[np.ndarray, "H W 3"], surface: Surface, frame: int) -> None:
        """Lay the animal over the arena in place; a pixel takes its share of its samples."""
        rows, columns = np.nonzero(surface.part >= 0)
        part = surface.part[rows, columns].astype(np.intp)
        direction = self._rays.directions[:, rows + surface.top, columns + surface.left]
        matrix, origin = self._inverse[frame][part], self._origin[frame][part]
        t = surface.depth[rows, columns]
        q = np.stack(
            [origin[:, i] + t * sum(matrix[:, i, j] * direction[j] for j in range(3)) for i in range(3)]
        )
        taper = self.parts.taper.astype(np.float32)[part]
        slope = np.where(self.parts.length[part] > 0, -taper * (1 + taper * q[2]), q[2])
        gradient = (q[0], q[1], slope)
        normal = np.stack([sum(matrix[:, j, i] * gradient[j] for j in range(3)) for i in range(3)])
        normal /= np.sqrt((normal * normal).sum(axis=0))
        height = np.float32(self._rays.center[2]) + t * direction[2]
        color = paint(self._coat, part, q) * _brightness(self.light, normal, height)
        height_px, width_px = surface.part.shape[0] // SAMPLES, surface.part.shape[1] // SAMPLES
        pixel = rows // SAMPLES * width_px + columns // SAMPLES
        count = height_px * width_px
        sums = np.stack([np.bincount(pixel, row, count) for row in (*color, np.ones_like(t))], axis=-1)
        sums = (sums / SAMPLES**2).astype(np.float32).reshape(height_px, width_px, 4)
        y, x = surface.top // SAMPLES, surface.left // SAMPLES
        target = image[y : y + height_px, x : x + width_px]
        target *= 1 - sums[..., 3:]
        target += sums[..., :3]


def _brightness(
    light: Light, normal: Float[np.ndarray, "3 N"], height: Float[np.ndarray, " N"]
) -> Float[np.ndarray, "3 N"]:
    """Return how bright a surface is, RGB.

    Lambert's law for the lamp, wrapped as fur does it; the room's light comes from above, dim near the floor.
    """
    toward = sum(np.float32(light.direction[i]) * normal[i] for i in range(3))
    lamp = np.float32(light.key) * np.maximum((toward + np.float32(0.25)) / np.float32(1.25), 0)
    open_sky = np.float32(0.55) + np.float32(0.45) * np.clip(height / np.float32(_SHADE_HEIGHT), 0, 1)
    room = np.float32(light.ambient) * (np.float32(0.8) + np.float32(0.35) * normal[2]) * open_sky
    return room + np.array(light.tint, np.float32)[:, None] * lamp

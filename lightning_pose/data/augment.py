"""Move an image, its keypoints and its camera by one affine, and change how it looks.

A random 3 x 3 matrix A maps pixels of the network-size image to pixels of the moved one. Keypoints become A
x, and the camera matrix K' = A K, so pixels, labels and geometry agree exactly. Where the world is moved, A
shows that as well as it can, and what is drawn for the view alone comes after.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor
from torch.nn import functional

from lightning_pose.core import camera as cameras
from lightning_pose.core.camera import Camera
from lightning_pose.core.poses import IGNORED, VISIBLE
from lightning_pose.data.batch import LabeledBatch, UnlabeledBatch
from lightning_pose.data.images import normalise
from lightning_pose.data.photometric import Photometric, add_noise, blur_some, change_light, erase
from lightning_pose.data.world import WorldMotion, move_world


class Geometric(NamedTuple):
    """How far images are moved; the defaults leave them where they are."""

    rotation: float = 0.0  # degrees, either way
    right_angles: tuple[int, ...] = (0,)  # degrees, one of them in addition
    zoom: float = 0.0  # scale between 1 / (1 + zoom) and 1 + zoom
    shift: float = 0.0  # of the image's side, either way
    flip: bool = False  # mirror left and right, every other instant


class Moved(NamedTuple):
    """Images that are ready for the network; `affine` maps network-size pixels to moved ones.

    `residual` (px) is what the affine cannot show of a moved world, NaN where nothing was moved with it.
    """

    images: Float[Tensor, "B V *F 3 H W"]
    affine: Float[Tensor, "B V 3 3"]
    camera: Camera | None
    residual: Float[Tensor, "B V"] | None = None


class MovedLabels(NamedTuple):
    """Labels as they are in the moved images."""

    xy: Float[Tensor, "B V K 2"]
    visible: Int[Tensor, "B V K"]
    weight: Float[Tensor, "B V K"] | None = None


class Augmentation:
    """Random affine and photometric changes of batches; without options, only normalisation."""

    def __init__(
        self,
        geometric: Geometric | None = None,
        photometric: Photometric | None = None,
        swaps: Sequence[tuple[int, int]] = (),
        world: WorldMotion | None = None,
    ) -> None:
        """Keep the options.

        Args:
            geometric: how far images move.
            photometric: how far their looks change.
            swaps: pairs of keypoints that trade places in a mirror.
            world: how far the world of calibrated, labeled instants moves; None leaves it.
        """
        self.geometric = geometric or Geometric()
        self.photometric = photometric or Photometric()
        self.swaps = tuple(swaps)
        self.world = world

    def __call__(self, batch: LabeledBatch, generator: torch.Generator) -> tuple[Moved, MovedLabels]:
        """Move and change labeled instants; the generator is of the batch's device and decides everything."""
        n_instants, n_views = batch["xy"].shape[:2]
        flips = self._draw_flips(n_instants, n_views, generator)
        size = _size(batch)
        A = random_affines(self.geometric, flips, size, native_size=batch["native_size"], generator=generator)
        residual = None
        if self.world is not None and "camera" in batch:
            stretch = batch["native_size"].double() / torch.tensor(size[::-1]).to(batch["native_size"])
            shown = move_world(
                batch["xy"], batch["visible"], batch["camera"], self.world,
                stretch=stretch, generator=generator,
            )  # fmt: skip
            A, residual = A @ shown.affine, shown.residual
        moved = self._move(batch, A, generator)._replace(residual=residual)
        order = mirrored_order(batch["xy"].shape[2], self.swaps)
        xy = swap_sides(move_points(batch["xy"], A), flips, order)
        visible = hide_outside(xy, swap_sides(batch["visible"], flips, order), size)
        weight = swap_sides(batch["weight"], flips, order) if "weight" in batch else None
        return moved, MovedLabels(xy, visible, weight)

    def unlabeled(self, batch: UnlabeledBatch, generator: torch.Generator) -> Moved:
        """Move and change unlabeled instants: each stretch of video as a whole, and nothing is mirrored."""
        clips, of_instant = batch["clip"].unique(return_inverse=True)
        native_size = batch["native_size"]
        first = torch.stack([(of_instant == clip).nonzero()[0, 0] for clip in range(len(clips))])
        unflipped = torch.zeros(len(clips), native_size.shape[1], dtype=torch.bool, device=generator.device)
        A = random_affines(
            self.geometric, unflipped, _size(batch), native_size=native_size[first], generator=generator
        )
        return self._move(batch, A[of_instant], generator)

    def _move(
        self, batch: LabeledBatch | UnlabeledBatch, A: Float[Tensor, "B V 3 3"], generator: torch.Generator
    ) -> Moved:
        """Warp and change all images of a batch; a frame's neighbours in time move with it."""
        lead = batch["images"].shape[:-3]
        spread = A.reshape(*A.shape[:2], *(1,) * (len(lead) - 2), 3, 3).expand(*lead, 3, 3)
        flat = normalise(batch["images"].flatten(0, len(lead) - 1))
        images = self._change(warp(flat, spread.reshape(-1, 3, 3)), generator)
        camera = batch.get("camera")
        if camera is not None:
            camera = cameras.affine(camera, A.to(camera.matrix))
        return Moved(images.reshape(*lead, *images.shape[1:]), A, camera)

    def _draw_flips(self, n_instants: int, n_views: int, generator: torch.Generator) -> Tensor:
        """Decide which instants are mirrored, in all views alike, so that left stays left across views."""
        if not self.geometric.flip:
            return torch.zeros(n_instants, n_views, dtype=torch.bool, device=generator.device)
        draw = torch.rand(n_instants, 1, generator=generator, device=generator.device) < 0.5
        return draw.expand(n_instants, n_views)

    def _change(
        self, images: Float[Tensor, "N 3 H W"], generator: torch.Generator
    ) -> Float[Tensor, "N 3 H W"]:
        """Apply the photometric changes that are switched on."""
        options = self.photometric
        if options.blur:
            images = blur_some(images, options, generator)
        if options.brightness or options.contrast or options.colour:
            images = change_light(images, options, generator)
        if options.noise:
            images = add_noise(images, options, generator)
        if options.erasing:
            images = erase(images, options, generator)
        return images


def _size(batch: LabeledBatch | UnlabeledBatch) -> tuple[int, int]:
    """Return height and width of a batch's images."""
    return batch["images"].shape[-3], batch["images"].shape[-2]


def random_affines(
    options: Geometric,
    flips: Tensor,
    size: tuple[int, int],
    *,
    native_size: Float[Tensor, "B V 2"],
    generator: torch.Generator,
) -> Float[Tensor, "B V 3 3"]:
    """Draw one affine per image: A = T(centre + shift) F S R S^-1 z T(-centre).

    Rotation R and zoom z act in pixels of the image on disk, which the network may see squeezed: S = diag(sx,
    sy) is that squeeze, F the mirror, T a translation.

    Args:
        options: how far images move.
        flips: which images are mirrored (B V).
        size: height and width of the network's images.
        native_size: width and height of the images on disk.
        generator: decides; of the device of the result.
    """
    height, width = size
    shape, device = flips.shape, generator.device
    draw = torch.rand(5, *shape, generator=generator, device=device, dtype=torch.float64)
    unit = draw * 2 - 1
    quarter = torch.tensor(options.right_angles, device=device)[(draw[4] * len(options.right_angles)).long()]
    angle = (unit[0] * options.rotation + quarter) * math.pi / 180
    zoom = torch.exp(unit[1] * math.log1p(options.zoom))
    squeeze = torch.tensor([width, height], device=device, dtype=torch.float64) / native_size.double()
    ratio = squeeze[..., 0] / squeeze[..., 1]
    cosine, sine = zoom * torch.cos(angle), zoom * torch.sin(angle)
    mirror = torch.where(flips, -1.0, 1.0).double()
    A = torch.zeros(*shape, 3, 3, device=device, dtype=torch.float64)
    A[..., 0, 0], A[..., 0, 1] = mirror * cosine, -mirror * sine * ratio
    A[..., 1, 0], A[..., 1, 1] = sine / ratio, cosine
    A[..., 2, 2] = 1
    centre = torch.tensor([(width - 1) / 2, (height - 1) / 2], device=device, dtype=torch.float64)
    shift = torch.stack([unit[2] * width, unit[3] * height], dim=-1) * options.shift
    A[..., :2, 2] = centre + shift - (A[..., :2, :2] @ centre)
    return A


def warp(images: Float[Tensor, "N 3 H W"], A: Float[Tensor, "N 3 3"]) -> Float[Tensor, "N 3 H W"]:
    """Resample images so that what was at pixel x is at A x; what comes from outside is 0, the mean."""
    height, width = images.shape[-2:]
    # grid_sample speaks of the image as [-1, 1] from edge to edge: u_n = (2 u + 1) / W - 1
    to_unit = torch.tensor(
        [[2 / width, 0, 1 / width - 1], [0, 2 / height, 1 / height - 1], [0, 0, 1]],
        dtype=A.dtype,
        device=A.device,
    )
    identity = torch.eye(3, dtype=A.dtype, device=A.device)
    if torch.equal(A, identity.expand_as(A)):
        return images
    theta = (to_unit @ torch.linalg.inv(A) @ torch.linalg.inv(to_unit))[:, :2].to(images.dtype)
    grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


def move_points(xy: Float[Tensor, "*B K 2"], A: Float[Tensor, "*B 3 3"]) -> Float[Tensor, "*B K 2"]:
    """Apply affines to points in pixels, in double precision."""
    A = A.to(torch.float64)
    moved = xy.double() @ A[..., :2, :2].transpose(-1, -2) + A[..., None, :2, 2]
    return moved.to(xy.dtype)


def mirrored_order(n_keypoints: int, swaps: Sequence[tuple[int, int]]) -> list[int]:
    """Return which keypoint each one is called after in a mirror: a left paw looks like a right one there."""
    order = list(range(n_keypoints))
    for one, other in swaps:
        order[one], order[other] = other, one
    return order


def swap_sides(values: Shaped[Tensor, "B V K *D"], flips: Tensor, order: list[int]) -> Shaped[Tensor, "..."]:
    """Give the keypoints of mirrored images (B V) their names back."""
    flips = flips.reshape(*flips.shape, *(1,) * (values.ndim - 2))
    return torch.where(flips, values[:, :, order], values)


def hide_outside(
    xy: Float[Tensor, "*B K 2"], visible: Int[Tensor, "*B K"], size: tuple[int, int]
) -> Int[Tensor, "*B K"]:
    """Mark visible labels that left the image as ignored."""
    limit = torch.tensor([size[1] - 0.5, size[0] - 0.5], dtype=xy.dtype, device=xy.device)
    inside = ((xy >= -0.5) & (xy <= limit)).all(dim=-1)
    return torch.where((visible == VISIBLE) & ~inside, IGNORED, visible)

import cv2
import numpy as np
import pytest
import torch

from lightning_pose.core import camera as cameras
from lightning_pose.core.camera import make_camera, project
from lightning_pose.core.rotations import look_at
from lightning_pose.data.augment import Augmentation, Geometric, move_points, random_affines, warp
from lightning_pose.data.batch import LabeledBatch, UnlabeledBatch
from lightning_pose.data.heatmaps import render
from lightning_pose.data.photometric import Photometric

FAR = Geometric(rotation=40, right_angles=(0, 90, 180), zoom=0.4, shift=0.2, flip=True)


def a_batch(n: int = 4, views: int = 2, size: tuple[int, int] = (48, 64)) -> LabeledBatch:
    generator = torch.Generator().manual_seed(1)
    height, width = size
    limit = torch.tensor([width, height], dtype=torch.float64)
    return LabeledBatch(
        images=torch.randint(0, 255, (n, views, height, width, 3), generator=generator, dtype=torch.uint8),
        xy=torch.rand(n, views, 5, 2, generator=generator, dtype=torch.float64) * limit,
        visible=torch.full((n, views, 5), 2),
        native_size=torch.tensor([640.0, 360.0], dtype=torch.float64).expand(n, views, 2),
        index=torch.arange(n),
    )


def seeded(seed: int = 7) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_points_projected_through_the_moved_camera_are_the_moved_labels():
    """K' = A K, with lens distortion, to 1e-6 px."""
    world = np.random.default_rng(0).normal(0, 20, (4, 1, 5, 3))
    matrix = np.array([[90.0, 0, 31], [0, 95, 22], [0, 0, 1]])
    R, t = look_at(np.array([10.0, -300, 80]), np.zeros(3))
    camera = make_camera(matrix, np.array([-0.2, 0.05, 1e-3, -1e-3, 0.01]), R, t)
    wide = type(camera)(*(np.broadcast_to(np.asarray(f), (4, 1, *np.shape(f))) for f in camera))
    batch = a_batch(4, 1)
    batch["xy"] = torch.from_numpy(project(world, wide))
    batch["camera"] = cameras.as_backend(wide, torch.zeros(1, dtype=torch.float64))
    moved, labels = Augmentation(FAR._replace(flip=False))(batch, seeded())
    assert moved.camera is not None
    again = project(torch.from_numpy(world), moved.camera)
    assert (again - labels.xy).abs().max() < 1e-6
    assert (labels.xy - batch["xy"]).abs().max() > 5


def test_image_content_moves_with_the_labels():
    """A bright dot, warped, is found where its label says."""
    xy = torch.tensor([[30.0, 20.0], [40.0, 30.0], [25.0, 25.0]], dtype=torch.float64)
    A = random_affines(
        Geometric(rotation=30, zoom=0.2, shift=0.1),
        torch.tensor([[True], [False], [False]]),
        (48, 64),
        native_size=torch.tensor([640.0, 360.0]).expand(3, 1, 2),
        generator=seeded(),
    )
    dots = render(xy, (48, 64), 2.0)[:, None].expand(-1, 3, -1, -1).float()
    moved = warp(dots, A[:, 0])[:, 0].double()
    y, x = torch.meshgrid(torch.arange(48.0), torch.arange(64.0), indexing="ij")
    mass = moved.sum(dim=(1, 2))
    centre = torch.stack([(moved * x).sum(dim=(1, 2)), (moved * y).sum(dim=(1, 2))], dim=-1) / mass[:, None]
    torch.testing.assert_close(centre, move_points(xy[:, None], A[:, 0])[:, 0], atol=0.02, rtol=0)


def test_warp_agrees_with_opencv():
    image = cv2.GaussianBlur(np.random.default_rng(2).random((48, 64, 3)).astype(np.float32), (0, 0), 2)
    A = np.array([[0.9, -0.3, 8.0], [0.25, 1.1, -4.0], [0, 0, 1]])
    expected = cv2.warpAffine(image, A[:2], (64, 48), flags=cv2.INTER_LINEAR)
    tensor = torch.from_numpy(image).permute(2, 0, 1)[None]
    ours = warp(tensor, torch.from_numpy(A)[None])[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(ours[4:-4, 4:-4], expected[4:-4, 4:-4], atol=2e-3)  # OpenCV rounds to 1/32 px


def test_rotation_keeps_distances_on_disk_although_the_network_sees_them_squeezed():
    native, size = torch.tensor([640.0, 360.0], dtype=torch.float64), (64, 64)
    A = random_affines(
        Geometric(rotation=80),
        torch.zeros(20, 1, dtype=torch.bool),
        size,
        native_size=native.expand(20, 1, 2),
        generator=seeded(),
    )[:, 0]
    ends = torch.tensor([[20.0, 30.0], [40.0, 33.0]], dtype=torch.float64)
    scale = native / torch.tensor([64.0, 64.0])
    before = (ends * scale).diff(dim=0).norm()
    after = (move_points(ends.expand(20, 2, 2), A) * scale).diff(dim=1).norm(dim=-1)
    torch.testing.assert_close(after, before.expand_as(after))


def test_flip_mirrors_all_views_of_an_instant_and_swaps_sides():
    batch = a_batch(16, 2)
    moved, labels = Augmentation(Geometric(flip=True), swaps=[(1, 2)])(batch, seeded())
    flipped = moved.affine[:, :, 0, 0] < 0
    assert (flipped[:, 0] == flipped[:, 1]).all()
    assert 2 < flipped[:, 0].sum() < 14
    mirrored = batch["xy"].clone()
    mirrored[..., 0] = 63 - mirrored[..., 0]
    torch.testing.assert_close(labels.xy[flipped], mirrored[flipped][:, [0, 2, 1, 3, 4]])
    torch.testing.assert_close(labels.xy[~flipped], batch["xy"][~flipped])


def test_weights_swap_sides_with_their_keypoints():
    batch = a_batch(16, 2)
    batch["weight"] = torch.arange(5.0).expand(16, 2, 5)
    moved, labels = Augmentation(Geometric(flip=True), swaps=[(1, 2)])(batch, seeded())
    flipped = moved.affine[:, :, 0, 0] < 0
    assert labels.weight is not None
    assert (labels.weight[flipped] == torch.tensor([0.0, 2, 1, 3, 4])).all()
    assert (labels.weight[~flipped] == torch.arange(5.0)).all()


def test_labels_that_leave_the_image_are_ignored_and_occluded_ones_stay():
    batch = a_batch()
    batch["visible"][:, :, 0] = 1
    _, labels = Augmentation(Geometric(shift=0.5))(batch, seeded())
    x, y = labels.xy[..., 0], labels.xy[..., 1]
    inside = (x >= -0.5) & (x <= 63.5) & (y >= -0.5) & (y <= 47.5)
    assert not inside.all()
    assert ((labels.visible == 2) == inside)[..., 1:].all()
    assert (labels.visible[..., 0] == 1).all()


@pytest.mark.parametrize("options", [Geometric(), FAR])
def test_the_same_seed_gives_the_same_batch_and_another_seed_another(options):
    strong = Photometric(0.3, 0.3, 0.2, 0.9, 0.1, 0.9, 0.4)
    augment = Augmentation(options, strong)
    one, two, other = (augment(a_batch(), seeded(s)) for s in (1, 1, 2))
    assert torch.equal(one[0].images, two[0].images)
    assert torch.equal(one[1].xy, two[1].xy)
    assert not torch.equal(one[0].images, other[0].images)


def test_without_options_the_images_are_only_normalised():
    batch = a_batch()
    moved, labels = Augmentation()(batch, seeded())
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    expected = ((batch["images"] / 255 - mean) / std).permute(0, 1, 4, 2, 3)
    torch.testing.assert_close(moved.images, expected, atol=1e-5, rtol=1e-5)
    assert torch.equal(labels.xy, batch["xy"])


def test_unlabeled_stretches_move_as_a_whole_and_their_cameras_with_them():
    labeled = a_batch(6, 2)
    batch = UnlabeledBatch(
        images=labeled["images"],
        native_size=labeled["native_size"],
        clip=torch.tensor([4, 4, 4, 7, 7, 7]),
    )
    moved = Augmentation(FAR).unlabeled(batch, seeded())
    assert torch.equal(moved.affine[:3], moved.affine[:1].expand(3, -1, -1, -1))
    assert not torch.equal(moved.affine[0], moved.affine[3])
    assert (torch.linalg.det(moved.affine) > 0).all()  # nothing is mirrored


def test_a_frames_neighbours_in_time_move_with_it():
    batch = a_batch()
    still = batch["images"].clone()
    batch["images"] = still[:, :, None].expand(-1, -1, 5, -1, -1, -1)
    moved, _ = Augmentation(FAR)(batch, seeded())
    alone, _ = Augmentation(FAR)({**batch, "images": still}, seeded())
    torch.testing.assert_close(moved.images, alone.images[:, :, None].expand_as(moved.images))

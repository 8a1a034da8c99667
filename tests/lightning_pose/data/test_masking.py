import pytest
import torch

from lightning_pose.core.camera import Camera
from lightning_pose.data.batch import LabeledBatch
from lightning_pose.data.masking import PATCH, PatchMasking, kept_views, take_views


def seeded(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("step", "ratio"), [(50, 0.0), (100, 0.1), (300, 0.3), (500, 0.5), (700, 0.5)])
def test_the_ratio_rises_in_a_line(step, ratio):
    """The schedule that Lightning Pose's tests state: 100 to 500 steps, 0.1 to 0.5."""
    assert PatchMasking(100, 500, 0.1, 0.5).ratio(step) == pytest.approx(ratio)


def test_every_view_loses_as_many_patches_and_keeps_the_rest_as_it_was():
    images = torch.rand(6, 3, 3, 64, 96) + 0.1
    masked = PatchMasking(0, 10, 0.0, 0.5)(images, 5, seeded())
    lost = (masked == 0).all(dim=2)
    assert (lost.sum(dim=(-2, -1)) == int(0.25 * 24) * PATCH**2).all()
    torch.testing.assert_close(masked[~(masked == 0)], images[~(masked == 0)])
    assert not torch.equal(lost[0, 0], lost[0, 1])  # each view its own patches


def test_whole_views_are_masked_as_often_as_asked_and_one_of_an_instant():
    images = torch.ones(400, 3, 3, 16, 16)
    masked = PatchMasking(0, 10, whole_views=0.3)(images, 10, seeded())
    gone = (masked == 0).flatten(2).all(dim=-1).sum(dim=1)
    assert gone.max() == 1
    assert gone.double().mean() == pytest.approx(0.3, abs=0.07)  # three standard errors


def test_all_frames_of_an_image_lose_the_same_patches():
    masked = PatchMasking(0, 0, 0.5, 0.5)(torch.ones(2, 2, 5, 3, 32, 32), 0, seeded())
    assert torch.equal(masked[:, :, :1].expand_as(masked), masked)


def test_before_it_begins_nothing_is_masked():
    images = torch.ones(2, 2, 3, 32, 32)
    assert PatchMasking(5, 10, 0.5, 0.9, 1.0)(images, 4, seeded()) is images


def test_views_are_left_out_as_often_as_asked_and_one_stays():
    generator = seeded()
    kept = [kept_views(4, 0.25, generator) for _ in range(2000)]
    counts = torch.tensor([4 if views is None else len(views) for views in kept])
    assert counts.min() >= 1
    assert counts.double().mean() == pytest.approx(3, abs=0.06)
    assert kept_views(4, 0.0, generator) is None
    assert all(len(kept_views(3, 0.999, generator) or []) == 1 for _ in range(5))


def test_a_batch_of_some_views_has_their_images_labels_and_cameras():
    n, v, k = 2, 3, 4
    camera = Camera(*(torch.rand(n, v, *shape) for shape in [(3, 3), (12,), (3, 3), (3,), ()]))
    batch = LabeledBatch(
        images=torch.randint(0, 255, (n, v, 8, 8, 3), dtype=torch.uint8),
        xy=torch.rand(n, v, k, 2),
        visible=torch.full((n, v, k), 2),
        native_size=torch.rand(n, v, 2),
        index=torch.arange(n),
        camera=camera,
    )
    taken = take_views(batch, [2, 0])
    assert torch.equal(taken["images"][:, 0], batch["images"][:, 2])
    assert torch.equal(taken["xy"][:, 1], batch["xy"][:, 0])
    assert torch.equal(taken["camera"].translation, camera.translation[:, [2, 0]])
    assert torch.equal(taken["index"], batch["index"])

import torch
from scipy.ndimage import gaussian_filter

from lightning_pose.data.photometric import MAX_BLUR, Photometric, add_noise, blur_some, change_light, erase


def images(n: int = 64) -> torch.Tensor:
    return torch.randn(n, 3, 20, 24, generator=torch.Generator().manual_seed(0))


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(5)


def test_light_changes_each_channel_linearly_within_its_limits():
    before = images()
    after = change_light(before, Photometric(brightness=0.2, contrast=0.5, colour=0.1), seeded())
    x, y = before.flatten(2), after.flatten(2)
    gain = ((x - x.mean(-1, keepdim=True)) * y).sum(-1) / ((x - x.mean(-1, keepdim=True)) ** 2).sum(-1)
    torch.testing.assert_close(y, gain[..., None] * (x - x.mean(-1, keepdim=True)) + y.mean(-1, keepdim=True))
    assert gain.max() <= 1.5 * 1.1 + 1e-4
    assert gain.min() >= 0.9 / 1.5 - 1e-4
    assert gain.std() > 0.1


def test_blur_is_scipys_gaussian_of_some_width_on_some_images():
    before = images()
    after = blur_some(before, Photometric(blur=0.5), seeded())
    changed = (before != after).flatten(1).any(dim=1)
    assert 15 < changed.sum() < 50
    one = int(changed.nonzero()[0])
    widths = torch.linspace(0.1, MAX_BLUR, 141)
    blurred = (gaussian_filter(before[one, 0].numpy(), float(s), mode="nearest", radius=4) for s in widths)
    assert min(abs(after[one, 0].numpy() - b).max() for b in blurred) < 0.02


def test_noise_is_grey_and_as_strong_as_asked():
    noise = add_noise(torch.zeros(400, 3, 20, 24), Photometric(noise=0.09), seeded())
    assert torch.equal(noise[:, 0], noise[:, 2])
    strength = noise[:, 0].flatten(1).std(dim=1)
    assert strength.max() < 0.09 / 0.225 * 1.1
    assert abs(strength.mean() - 0.045 / 0.225) < 0.02


def test_erased_parts_are_flat_rectangles_of_limited_size():
    before = images(300)
    after = erase(before, Photometric(erasing=0.3, erasing_size=0.5), seeded())
    gone = (before != after).all(dim=1)
    once = [mask for mask in gone if mask.any()]
    assert 100 < len(once) < 250  # of 300, two chances of 0.3 less those too small to hit a pixel
    rows = torch.stack([mask.any(dim=1).sum() for mask in once])
    assert rows.max() <= 20
    assert rows.float().mean() < 9

from pathlib import Path

import cv2
import numpy as np
import torch

from lightning_pose.data.images import MEAN, STD, ImageCache, normalise


def test_normalised_images_have_imagenet_statistics_removed():
    images = torch.randint(0, 256, (2, 4, 5, 3), dtype=torch.uint8)
    expected = (images.double() / 255 - torch.tensor(MEAN)) / torch.tensor(STD)
    ours = normalise(images)
    torch.testing.assert_close(ours, expected.permute(0, 3, 1, 2).float())
    assert ours.is_contiguous(memory_format=torch.channels_last)


def test_files_that_are_no_images_are_named(tmp_path: Path):
    good, bad = tmp_path / "a.png", tmp_path / "b.png"
    cv2.imwrite(str(good), np.full((10, 20, 3), (10, 20, 30), dtype=np.uint8))
    bad.write_bytes(b"nothing")
    cache = ImageCache([good, bad, tmp_path / "c.png"], (5, 10), 1.0)
    assert cache.load() == [1, 2]
    assert cache.native_sizes[0].tolist() == [20, 10]
    assert cache.take([0])[0, 0, 0].tolist() == [30, 20, 10]  # RGB

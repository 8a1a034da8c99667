"""Images: decoded once, resized to the network's size, kept in memory up to a bound."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from lightning_pose.crops.cut import resize

# ImageNet statistics of RGB in [0, 1]: what pretrained backbones expect, and as good as any for the others.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


def normalise(images: UInt8[Tensor, "*N H W 3"]) -> Float[Tensor, "*N 3 H W"]:
    """Turn RGB bytes into the network's input: zero mean, unit variance, channels last in memory."""
    scale = 1 / (255 * torch.tensor(STD, device=images.device))
    offset = torch.tensor(MEAN, device=images.device) / torch.tensor(STD, device=images.device)
    return torch.addcmul(-offset, images, scale).movedim(-1, -3)


class ImageCache:
    """Images of files at one size, as RGB bytes.

    `load` decodes every file once, which also tells the sizes on disk and which files cannot be read. What
    does not fit into the bound is decoded again when it is asked for.

    Attributes:
        native_sizes: width and height on disk, per file; zero where it cannot be read.
    """

    def __init__(self, paths: Sequence[Path], size: tuple[int, int], bound_gib: float) -> None:
        self.paths = list(paths)
        self.size = size
        self.native_sizes = np.zeros((len(paths), 2), dtype=np.int64)
        fits = int(bound_gib * 2**30 / (3 * size[0] * size[1]))
        self._kept = np.zeros((min(fits, len(paths)), *size, 3), dtype=np.uint8)
        self._threads = max(1, min(8, os.cpu_count() or 1))

    def load(self, progress: Callable[[int, int], None] | None = None) -> list[int]:
        """Decode every file; `progress` is told (done, total). Returns the files that cannot be read."""
        unreadable = []
        with ThreadPoolExecutor(self._threads) as pool:
            for row, (image, width, height) in enumerate(pool.map(self._decode, self.paths)):
                if image is None:
                    unreadable.append(row)
                else:
                    self.native_sizes[row] = width, height
                    if row < len(self._kept):
                        self._kept[row] = image
                if progress is not None:
                    progress(row + 1, len(self.paths))
        return unreadable

    def take(self, rows: Sequence[int]) -> UInt8[np.ndarray, "N H W 3"]:
        """Return these images, from memory or from disk."""
        out = np.empty((len(rows), *self.size, 3), dtype=np.uint8)
        absent = []
        for place, row in enumerate(rows):
            if row < len(self._kept):
                out[place] = self._kept[row]
            else:
                absent.append((place, row))
        for place, image in self._from_disk(absent):
            out[place] = image
        return out

    def _from_disk(self, places: list[tuple[int, int]]) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the images that memory does not hold.

        Raises:
            OSError: when a file that could be read before cannot be any more.
        """
        if not places:
            return
        with ThreadPoolExecutor(self._threads) as pool:
            found = pool.map(self._decode, [self.paths[row] for _, row in places])
            for (place, row), (image, _, _) in zip(places, found, strict=True):
                if image is None:
                    raise OSError(f"{self.paths[row]} could be read before and cannot be read any more")
                yield place, image

    def _decode(self, path: Path) -> tuple[np.ndarray | None, int, int]:
        """Return the resized image, or None, and its width and height on disk."""
        image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        if image is None:
            return None, 0, 0
        return resize(image, (self.size[1], self.size[0])), image.shape[1], image.shape[0]

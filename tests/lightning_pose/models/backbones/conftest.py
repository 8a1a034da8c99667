"""Backbones of every family, small enough for a test."""

import pytest

from lightning_pose.config.architectures import BACKBONES, Architecture

TRANSFORMERS = ("vits_dino", "vits_dinov2", "vits_dinov3", "vitb_imagenet")
SMALL: dict[str, Architecture] = {
    "resnet18": BACKBONES["resnet18"]._replace(depths=(1, 1, 1, 1)),
    "resnet50": BACKBONES["resnet50"]._replace(depths=(1, 2, 1, 1)),
    "convnext_tiny": BACKBONES["convnext_tiny"]._replace(depths=(1, 2, 1, 1), widths=(8, 16, 24, 32)),
    "vitt_sam2": BACKBONES["vitt_sam2"]._replace(
        depths=(1, 2, 2, 1), widths=(8, 16, 32, 64), global_blocks=(4,)
    ),
    **{
        name: BACKBONES[name]._replace(depths=(2,), widths=(48,), heads=3) for name in ("vitt", *TRANSFORMERS)
    },
}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> dict[str, Architecture]:
    """Small architectures under the names of large ones, in the table of names too."""
    for name, architecture in SMALL.items():
        monkeypatch.setitem(BACKBONES, name, architecture)
    return SMALL


@pytest.fixture(params=TRANSFORMERS)
def transformer(request: pytest.FixtureRequest, small: dict[str, Architecture]) -> str:
    """Name of a vision transformer, one of each family."""
    return request.param

"""Fixtures that every wing's tests share."""

import os
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real recordings; where it is absent the test skips, in CI it fails."""
    folder = Path(os.environ.get("LITPOSE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if folder.is_dir():
        return folder
    if os.environ.get("CI"):
        pytest.fail(f"CI must have the real recordings, but {folder} is not a folder")
    pytest.skip(f"no real recordings at {folder}: set LITPOSE_DATA to the folder that holds them")

"""Options that do not go together."""

from pathlib import Path

import pytest

from lightning_pose.core.errors import ConfigError
from lightning_pose.predict import Options


def test_what_does_not_go_together_is_refused_all_at_once(tmp_path: Path):
    with pytest.raises(ConfigError) as caught:
        Options(
            runtime="onnx", compiled=True, bbox_dir=tmp_path / "absent", detector_model=tmp_path, in_flight=0
        )
    message = str(caught.value)
    assert "4 faults" in message
    for fault in (
        "nothing to compile",
        "choose one",
        "absent: there is no such folder",
        "--in_flight: expected 1",
    ):
        assert fault in message


@pytest.mark.parametrize("given", [{"crop_ratio": 3.0}, {"crop_size": 200}, {"anchor_keypoints": ("nose",)}])
def test_how_boxes_are_made_is_refused_where_none_are(tmp_path: Path, given: dict):
    Options(detector_model=tmp_path, **given)
    for where in ({}, {"bbox_dir": tmp_path}):
        with pytest.raises(ConfigError, match=f"--{next(iter(given))}: only boxes of a --detector_model"):
            Options(**where, **given)


def test_boxes_have_one_rule_of_their_size(tmp_path: Path):
    with pytest.raises(ConfigError, match="choose one"):
        Options(detector_model=tmp_path, crop_ratio=3.0, crop_size=200)

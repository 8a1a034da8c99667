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

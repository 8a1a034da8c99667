"""Faults that are told together."""

import pytest

from lightning_pose.core.errors import CalibrationError, DataError, PoseError, raise_collected


def test_one_fault_stands_in_the_line_of_its_heading():
    with pytest.raises(DataError, match=r"^labels\.csv: line 4: no number$"):
        raise_collected(DataError, "labels.csv", ["line 4: no number"])


def test_several_faults_are_counted_and_listed():
    with pytest.raises(CalibrationError) as raised:
        raise_collected(CalibrationError, "rig.toml", ["cam1: transposed", "cam2: no matrix"])
    assert str(raised.value) == "rig.toml: 2 faults\n  - cam1: transposed\n  - cam2: no matrix"


def test_every_kind_is_caught_as_a_pose_error():
    assert issubclass(DataError, PoseError)
    assert issubclass(CalibrationError, PoseError)

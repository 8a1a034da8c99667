import pytest

from lightning_pose.config.imgaug import translate_imgaug


def test_geometric_transforms_keep_their_reach():
    table = {
        "Affine": {"p": 0.4, "kwargs": {"rotate": [-25, 10], "scale": [0.8, 1.1]}},
        "Rot90": {"p": 1.0, "kwargs": {"k": [[0, 2]]}},
        "CropAndPad": {"p": 0.4, "kwargs": {"percent": [-0.15, 0.15], "keep_size": False}},
        "Fliplr": {"p": 1.0, "args": [0.5]},
    }
    found, faults = translate_imgaug(table)
    assert faults == []
    assert found["Affine"] == {"rotation": 25, "zoom": 0.25}
    assert found["Rot90"] == {"right_angles": [0, 180]}
    assert found["CropAndPad"] == {"zoom": 0.3, "shift": 0.15}
    assert found["Fliplr"] == {"imgaug_hflip": True}


def test_photometric_transforms_become_the_nearest_of_ours():
    found, _ = translate_imgaug({"MotionBlur": {"p": 0.3}, "CoarseDropout": {}, "Emboss": {"p": 0.1}})
    assert found == {"MotionBlur": {"blur": 0.3}, "CoarseDropout": {"erasing": 0.5}, "Emboss": {}}


@pytest.mark.parametrize(
    ("table", "message"),
    [({"Afine": {}}, "did you mean Affine"), ({"Affine": {"kwarg": {}}}, "expected p, args and kwargs")],
)
def test_what_cannot_be_read_is_named(table, message):
    _, faults = translate_imgaug(table)
    assert message in faults[0]

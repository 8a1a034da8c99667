"""The course of a training, as another process reads it."""

import numpy as np

from lightning_pose.projects.curves import CURVES_FILE, read_curves


def test_every_column_is_read_and_what_is_missing_is_nan(tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / CURVES_FILE).write_text(
        "epoch,step,train_loss,learning_rate,val_pixel_error,val_loss\n0,5,2.5,0.1,,\n1,10,1.5,0.05,7,0.25\n"
    )
    curves = read_curves(tmp_path)
    assert curves is not None
    np.testing.assert_array_equal(curves.steps, [5, 10])
    np.testing.assert_array_equal(curves.columns["val_pixel_error"], [np.nan, 7])
    steps, values = curves.known("val_loss")
    assert (steps.tolist(), values.tolist()) == ([10], [0.25])
    assert curves.known("train_loss")[1].tolist() == [2.5, 1.5]
    assert curves.known("of another version")[0].size == 0


def test_what_cannot_be_read_is_no_course(tmp_path):
    assert read_curves(tmp_path) is None
    (tmp_path / "logs").mkdir()
    bad = ("", "epoch,step\n", "epoch,step,train_loss\n0,x,1\n", "train_loss\n1\n", "epoch,step,a\n0\n")
    for text in bad:
        (tmp_path / CURVES_FILE).write_text(text)
        assert read_curves(tmp_path) is None

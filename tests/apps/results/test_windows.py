"""Windows of a source whose tables differ: later, shorter, gone."""

import numpy as np
import pytest

from apps.results.shelf import Shelf
from apps.results.sources import Source
from apps.results.windows import extent_of, has_confidence, has_variance, projected, read_window, version_of
from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_poses
from lightning_pose.synthetic.rig import make_rig

NAMES = ("nose", "tail")


def write(path, frames, value, **kinds):
    points = np.full((len(frames), 2, 2), value, dtype=float) + np.asarray(frames)[:, None, None]
    write_poses(path, Poses(NAMES, points, np.asarray(frames), **kinds))
    return path


@pytest.fixture(params=[False, True], ids=["text", "copies"])
def shelf(request, tmp_path):
    """Copies are there, or not."""
    found = Shelf(tmp_path)
    if request.param:
        opened = found.open

        def copied(table):
            found.want([table])
            return opened(table)

        found.open = copied
    return found


def test_views_that_begin_later_or_end_earlier_are_missing_there(shelf, tmp_path):
    views = {
        "a": write(tmp_path / "a.csv", range(20), 0.5),
        "b": write(tmp_path / "b.csv", range(5, 12), 0.25),
    }
    window = read_window(Source("m", views=views), ("tail", "wing", "nose"), 3, 15, shelf)
    frames = np.arange(3, 15)
    np.testing.assert_array_equal(window.xy[:, 0, 0, 0], frames + 0.5)
    np.testing.assert_array_equal(
        window.xy[:, 1, 2, 1], np.where((frames >= 5) & (frames < 12), frames + 0.25, np.nan)
    )
    assert np.isnan(window.xy[:, :, 1]).all()
    assert (window.views, window.xyz, window.faults) == (("a", "b"), None, [])
    assert extent_of(views["b"]).stop == 12


def test_a_table_that_is_gone_is_a_fault_and_all_gone_an_error(shelf, tmp_path):
    source = Source("m", views={"a": write(tmp_path / "a.csv", range(9), 0), "b": tmp_path / "b.csv"})
    window = read_window(source, NAMES, 0, 9, shelf)
    assert len(window.faults) == 1
    assert np.isfinite(window.xy[:, 0, :, :2]).all()
    before = version_of(source.tables)
    source.views["a"].unlink()
    assert version_of(source.tables) != before
    with pytest.raises(DataError, match=r"a\.csv"):
        read_window(source, NAMES, 0, 9, shelf)


def test_what_tables_say_of_themselves_is_known_without_reading_them(tmp_path):
    sure = np.ones((4, 2))
    plain = Source("m", views={"a": write(tmp_path / "a.csv", range(4), 0, likelihood=sure)})
    smooth = Source("s", views={"a": write(tmp_path / "s.csv", range(4), 0, variance=np.ones((4, 2, 2)))})
    assert (has_confidence(plain), has_variance(plain)) == (True, False)
    assert (has_confidence(smooth), has_variance(smooth)) == (False, True)
    assert not has_variance(Source("w", world=tmp_path / "w.csv"))


def test_points_behind_a_camera_are_not_seen():
    rig = make_rig(3, (640, 512), np.random.default_rng(0))
    xyz = np.random.default_rng(1).normal(0, 30, (5, 2, 3)).astype(np.float32)
    pixels = projected(xyz, rig)
    np.testing.assert_allclose(np.moveaxis(pixels[..., :2], 1, 0), rig.project(xyz), rtol=1e-5)
    assert np.isnan(pixels[..., 2]).all()
    assert np.isnan(projected(1e6 * xyz, rig)[..., :2]).any()

"""Blocks of rows are the rows of the whole table."""

import numpy as np
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import read_metric_table, read_poses, write_metric_table, write_poses
from lightning_pose.frames.stream import VALUE, Table


@pytest.fixture
def poses(rng):
    points = rng.normal(size=(103, 2, 2))
    points[7, 1] = np.nan
    return Poses(("a", "b"), points, np.arange(5, 108), likelihood=rng.random((103, 2)))


@pytest.mark.parametrize("rows", [1, 10, 103, 500])
def test_blocks_joined_are_what_the_core_reads_at_once(tmp_path, poses, rows):
    write_poses(tmp_path / "p.csv", poses)
    blocks = list(Table(tmp_path / "p.csv").blocks(rows))
    assert [len(block.frames) for block in blocks[:-1]] == [rows] * (len(blocks) - 1)
    whole = read_poses(tmp_path / "p.csv")
    np.testing.assert_array_equal(np.concatenate([block.frames for block in blocks]), whole.frames)
    x = np.concatenate([block.columns["x"] for block in blocks])
    sure = np.concatenate([block.columns["likelihood"] for block in blocks])
    np.testing.assert_array_equal(x, whole.points[..., 0])
    np.testing.assert_array_equal(sure, whole.likelihood)


def test_metrics_are_read_by_the_same_reader(tmp_path, poses):
    values = np.arange(206.0).reshape(103, 2)
    write_metric_table(tmp_path / "m.csv", values, poses.names, poses.frames)
    table = Table(tmp_path / "m.csv")
    (block,) = table.blocks(1000)
    assert table.names == ("a", "b")
    np.testing.assert_array_equal(block.columns[VALUE], read_metric_table(tmp_path / "m.csv").values)


def test_a_table_of_images_is_refused(tmp_path, poses):
    frames = np.array([f"labeled-data/s/img{i}.png" for i in range(103)])
    write_metric_table(tmp_path / "m.csv", np.zeros((103, 2)), poses.names, frames, ["train"] * 103)
    with pytest.raises(DataError, match="indexed by images"):
        Table(tmp_path / "m.csv")


def test_a_table_without_rows_is_refused(tmp_path):
    (tmp_path / "m.csv").write_text(",a,b\n")
    with pytest.raises(DataError, match="a header but no rows"):
        list(Table(tmp_path / "m.csv").blocks(10))


def test_a_cell_that_is_no_number_is_named_with_its_line(tmp_path, poses):
    write_poses(tmp_path / "p.csv", poses)
    lines = (tmp_path / "p.csv").read_text().splitlines()
    lines[50] = lines[50].replace(",", ",?", 1)
    (tmp_path / "p.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match="line 51"):
        list(Table(tmp_path / "p.csv").blocks(10))

"""Blocks of rows are the rows of the whole table."""

import numpy as np
import pytest

from lightning_pose.core.csv_numbers import columns_of
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


@pytest.mark.parametrize(("start", "stop"), [(0, 103), (0, 1), (40, 47), (100, 200), (103, 110)])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_rows_out_of_the_middle_are_those_of_the_whole_table(tmp_path, poses, start, stop, end):
    write_poses(tmp_path / "p.csv", poses)
    text = (tmp_path / "p.csv").read_text()
    (tmp_path / "p.csv").write_bytes(
        text.replace("\n", end).rstrip("\r\n").encode()
    )  # no end of the last line
    table = Table(tmp_path / "p.csv")
    (whole,) = table.blocks(1000)
    rows = table.rows(start, stop)
    assert table.count == 103
    np.testing.assert_array_equal(rows.frames, whole.frames[start:stop])
    np.testing.assert_array_equal(rows.columns["y"], whole.columns["y"][start:stop])


def test_blank_lines_are_no_rows(tmp_path):
    (tmp_path / "m.csv").write_text(",a\n0,1.5\n\n1,2.5\n\n")
    table = Table(tmp_path / "m.csv")
    assert table.count == 2
    assert table.rows(1, 2).columns[VALUE].tolist() == [[2.5]]


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


def test_no_rows_are_empty_columns_and_bad_ones_are_named_with_their_line(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text(",a\n0,1.5\n1,?\n")
    assert [column.tolist() for column in columns_of(path, 1, b"", 2)] == [[], []]
    assert [column.tolist() for column in columns_of(path, 1, b"0,1.5\n", 2)] == [[0.0], [1.5]]
    with pytest.raises(DataError, match="line 3"):
        Table(path).rows(1, 2)

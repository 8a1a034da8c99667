"""Blocks of rows against whole tables: the same bytes, the same values."""

from pathlib import Path

import numpy as np
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.table_blocks import TableWriter, iterate_poses
from lightning_pose.core.tables import read_poses, write_metric_table, write_poses

NAMES = ("nose", "tail, base")


def poses(n_rows: int = 23) -> Poses:
    rng = np.random.default_rng(4)
    points = rng.normal(size=(n_rows, 2, 2)) * 100
    points[min(3, n_rows - 1)] = np.nan
    counts = rng.integers(0, 4, (n_rows, 2))
    return Poses(
        NAMES, points, np.arange(n_rows), likelihood=rng.uniform(size=(n_rows, 2)), extras={"n_views": counts}
    )


def test_a_table_of_blocks_has_the_bytes_of_the_table_written_at_once(tmp_path: Path) -> None:
    whole = poses()
    write_poses(tmp_path / "whole.csv", whole)
    write_metric_table(tmp_path / "metric.csv", whole.points[..., 0], NAMES, whole.frames)
    with TableWriter(tmp_path / "b.csv") as blocks, TableWriter(tmp_path / "m.csv") as metric:
        for rows in (slice(0, 1), slice(1, 8), slice(8, 23)):
            part = whole.rows(rows)
            blocks.append_poses(part)
            metric.append_metric(part.points[..., 0], NAMES, part.frames)
        assert not (tmp_path / "b.csv").exists()
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert (tmp_path / "m.csv").read_bytes() == (tmp_path / "metric.csv").read_bytes()


@pytest.mark.parametrize("rows", [1, 5, 23, 100])
def test_blocks_read_one_after_the_other_are_the_table(tmp_path: Path, rows: int) -> None:
    write_poses(tmp_path / "t.csv", poses())
    parts = list(iterate_poses(tmp_path / "t.csv", rows))
    assert [len(part) for part in parts] == [rows] * (23 // rows) + [23 % rows] * (23 % rows > 0)
    whole = read_poses(tmp_path / "t.csv")
    assert np.concatenate([part.frames for part in parts]).tolist() == whole.frames.tolist()
    for part in parts:
        assert part.equals(whole.rows(slice(part.frames[0], part.frames[-1] + 1)))


def test_blocks_do_not_depend_on_how_the_file_is_read(tmp_path: Path) -> None:
    """Longer than what is read at a time, so that blocks are put together from pieces."""
    rng = np.random.default_rng(0)
    long = Poses(NAMES, rng.normal(size=(40_000, 2, 2)), np.arange(40_000))
    write_poses(tmp_path / "t.csv", long)
    assert (tmp_path / "t.csv").stat().st_size > 2 << 20
    parts = list(iterate_poses(tmp_path / "t.csv", 7_000))
    np.testing.assert_array_equal(np.concatenate([part.points for part in parts]), long.points)


def test_an_exception_leaves_the_table_that_was_there(tmp_path: Path) -> None:
    write_poses(tmp_path / "t.csv", poses(2))
    before = (tmp_path / "t.csv").read_bytes()
    with pytest.raises(RuntimeError, match="halted"), TableWriter(tmp_path / "t.csv") as table:
        table.append_poses(poses(5))
        raise RuntimeError("halted")
    assert (tmp_path / "t.csv").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_a_table_without_rows_and_one_that_is_cut_off_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a single row"), TableWriter(tmp_path / "none.csv"):
        pass
    write_poses(tmp_path / "t.csv", poses())
    text = (tmp_path / "t.csv").read_text()
    (tmp_path / "t.csv").write_text(text[: text.index("\n20,")] + "\n20,1")
    with pytest.raises(DataError, match=r"line 24 \(20\) has 2 cells where the header has 9"):
        list(iterate_poses(tmp_path / "t.csv", 4))
    (tmp_path / "t.csv").write_text("".join(text.splitlines(keepends=True)[:3]))
    with pytest.raises(DataError, match="has a header but no rows"):
        list(iterate_poses(tmp_path / "t.csv", 4))

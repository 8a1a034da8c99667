"""Rows found in the middle of a text, against reading all of it."""

import numpy as np
import pandas as pd
import pytest

from apps.results import rows
from apps.results.rows import Rows, read_head
from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_metric_table, write_poses

NAMES = ("nose", "tail")


def write(path, frames, seed=0):
    """Write poses whose numbers differ much in length, some of them missing."""
    rng = np.random.default_rng(seed)
    points = rng.normal(0, 1, (len(frames), 2, 2)) * 10.0 ** rng.integers(-6, 6, (len(frames), 2, 2))
    points[rng.uniform(size=points.shape[:2]) < 0.2] = np.nan
    write_poses(
        path, Poses(NAMES, points, np.asarray(frames), likelihood=rng.uniform(0, 1, points.shape[:2]))
    )
    return path


@pytest.fixture(params=[64, 1 << 16])
def stretch(request, monkeypatch):
    """Look at little, so that a small file is searched as a large one, or at much."""
    monkeypatch.setattr(rows, "STRETCH", request.param)


@pytest.mark.parametrize(
    "frames",
    [range(700), range(40, 500), [0, 1, 2, 50, 51, 900, 901], [*range(300), *range(10_000, 10_200)], [7]],
    ids=["all", "later", "gaps", "jump", "one"],
)
def test_any_stretch_is_what_pandas_reads(tmp_path, stretch, frames):
    path = write(tmp_path / "poses.csv", list(frames))
    expected = pd.read_csv(path, header=[0, 1, 2], index_col=0)
    rng = np.random.default_rng(1)
    with Rows(path) as table:
        assert (table.first(), table.last()) == (expected.index[0], expected.index[-1])
        for _ in range(60):
            start = int(rng.integers(0, expected.index[-1] + 5))
            stop = start + int(rng.integers(0, 60))
            found, cells = table.read(start, stop)
            there = expected[(expected.index >= start) & (expected.index < stop)]
            assert found.tolist() == there.index.tolist()
            np.testing.assert_array_equal(cells[:, 1:], there.to_numpy())


def test_rows_of_very_different_lengths_are_found(tmp_path, stretch):
    path = tmp_path / "poses.csv"
    write(path, [0])
    head = "".join(path.read_text().splitlines(keepends=True)[:3])
    body = [f"{t},{'0' * (5000 if t % 90 == 0 else 1)}{t}.5,1,1,2,2,2\n" for t in range(400)]
    path.write_text(head + "".join(body))
    with Rows(path) as table:
        for t in (0, 1, 89, 90, 91, 250, 399):
            found, cells = table.read(t, t + 1)
            assert found.tolist() == [t]
            assert cells[0, 1] == t + 0.5


@pytest.mark.parametrize(
    "change", [bytes.rstrip, lambda text: text.replace(b"\n", b"\r\n")], ids=["cut", "crlf"]
)
def test_line_ends_of_other_programs_are_read(tmp_path, stretch, change):
    path = write(tmp_path / "poses.csv", range(50))
    expected = pd.read_csv(path, header=[0, 1, 2], index_col=0).to_numpy()
    path.write_bytes(change(path.read_bytes()))
    with Rows(path) as table:
        assert table.last() == 49
        np.testing.assert_array_equal(table.read(45, 60)[1][:, 1:], expected[45:])


def test_metrics_are_tables_too(tmp_path):
    values = np.arange(20.0).reshape(10, 2)
    write_metric_table(tmp_path / "m.csv", values, NAMES, np.arange(10))
    head = read_head(tmp_path / "m.csv")
    assert (head.names, head.coords, head.cells["tail", "value"]) == (NAMES, ("value",), 2)
    with Rows(tmp_path / "m.csv") as table:
        np.testing.assert_array_equal(table.read(3, 5)[1][:, 1:], values[3:5])


def test_a_table_without_rows_has_no_frames(tmp_path):
    path = write(tmp_path / "poses.csv", [0])
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:3]))
    with Rows(path) as table:
        assert table.first() is None
        assert table.last() is None
        assert not len(table.read(0, 10)[0])


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("labeled-data/s/img0.png,1,1,1,2,2,2\n", "number of a frame"),
        ("3,1,1\n", "cells"),
        ("3,1,hello,1,2,2,2\n", "hello"),
        ("1,1,1,1,2,2,2\n0,1,1,1,2,2,2\n", "ascending"),
    ],
)
def test_what_is_wrong_with_a_row_is_said(tmp_path, row, said):
    path = write(tmp_path / "poses.csv", [0])
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:3]) + row)
    with pytest.raises(DataError, match=said), Rows(path) as table:
        table.read(0, 512)


def test_a_file_that_is_gone_is_said(tmp_path):
    with pytest.raises(DataError, match="moved"):
        rows.state_of(tmp_path / "gone.csv")

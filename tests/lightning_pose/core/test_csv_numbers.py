import errno
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lightning_pose.core import csv_numbers
from lightning_pose.core.csv_numbers import ColumnWriter, iterate_columns, read_columns, write_columns
from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import read_poses, write_poses

HEADER = "scorer,me,me,me,me\nbodyparts,a,a,b,b\ncoords,x,y,x,y\n"


def fails(path, body, *texts):
    """Check that reading a table with this body fails with the file's name and all of the texts."""
    path.write_text(HEADER + body)
    with pytest.raises(DataError) as caught:
        read_poses(path)
    for text in (str(path), *texts):
        assert text in str(caught.value)


@given(st.lists(st.floats(), min_size=1, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_float_is_written_as_python_spells_it(tmp_path, values):
    write_columns(tmp_path / "t.csv", [["f", "x"]], [np.arange(len(values)), np.array(values)])
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert lines == ["f,x", *(f"{row}," + ("" if np.isnan(v) else repr(v)) for row, v in enumerate(values))]
    (back,) = read_columns(tmp_path / "t.csv", 1, 2, [0])[1:]
    np.testing.assert_array_equal(
        back.view(np.int64)[~np.isnan(values)], np.array(values).view(np.int64)[~np.isnan(values)]
    )


def test_whole_numbers_and_truth_values_are_written_as_they_are(tmp_path):
    whole, truth = np.arange(-4, 15, 2), np.arange(10) % 3 == 0  # more than a byte of bits
    write_columns(tmp_path / "t.csv", [["w", "every", "t"]], [whole, whole[::-1], truth])
    lines = (tmp_path / "t.csv").read_text().splitlines()[1:]
    rows = zip(whole, whole[::-1], truth, strict=True)
    assert lines == [f"{w},{e},{str(t).lower()}" for w, e, t in rows]


def test_tables_are_written_without_loading_pandas(tmp_path):
    words = f"""
import sys
import numpy as np
from lightning_pose.core.csv_numbers import write_columns
columns = [np.arange(4), np.array([1.5, np.nan, 2.0, 1e-9]), np.array(["a", "", "b,c", "ä"])]
write_columns({str(tmp_path / "t.csv")!r}, [["f", "x", "n"]], columns)
print("pandas" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    lines = (tmp_path / "t.csv").read_text(encoding="utf-8").splitlines()
    assert lines == ["f,x,n", "0,1.5,a", "1,,", '2,2.0,"b,c"', "3,1e-09,ä"]


def test_single_precision_keeps_its_value(tmp_path):
    values = np.array([0.1, 1e-7, 3.0], dtype=np.float32)
    write_columns(tmp_path / "t.csv", [["f", "x"]], [np.arange(3), values])
    np.testing.assert_array_equal(read_columns(tmp_path / "t.csv", 1, 2, [0])[1], values.astype(np.float64))


def test_a_row_that_is_cut_off_is_named_with_its_line(tmp_path):
    body = "d/i0.png,1,2,3,4\nd/i1.png,1,2"
    fails(
        tmp_path / "t.csv",
        body,
        "line 5 (d/i1.png) has 3 cells where the header has 5 (is the file cut off?)",
    )
    fails(tmp_path / "t.csv", "d/i0.png,1,2,3,4,5\n", "line 4 (d/i0.png) has 6 cells where the header has 5")


def test_text_in_place_of_numbers_is_named_with_line_and_column_and_all_at_once(tmp_path):
    fails(
        tmp_path / "t.csv",
        "d/i0.png,1,2,3,4\nd/i1.png,1,?,3,left\nd/i2.png,1,2,3\n",
        "3 faults",
        "line 5 (d/i1.png), column 3: '?' is not a number",
        "line 5 (d/i1.png), column 5: 'left' is not a number",
        "line 6 (d/i2.png) has 4 cells",
    )


def test_a_full_disk_leaves_the_former_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "p.csv"
    write_poses(path, Poses(("a",), np.ones((1, 1, 2)), np.array([0])))
    before = path.read_bytes()
    rows = []

    def full(column):
        rows.append(len(column))
        if len(rows) > 4:  # the second batch of rows
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(column)

    real = csv_numbers._text_column
    monkeypatch.setattr(csv_numbers, "_text_column", full)
    monkeypatch.setattr(csv_numbers, "ROWS_AT_ONCE", 2)
    with pytest.raises(DataError, match=r"p\.csv could not be written: .*No space left on device"):
        write_poses(path, Poses(("a",), np.ones((6, 1, 2)), np.arange(6)))
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of a file")
def test_a_file_that_may_not_grow_leaves_nothing_half_written(tmp_path):
    program = (
        "import resource, sys, numpy as np\n"
        "from lightning_pose.core.tables import write_poses\n"
        "from lightning_pose.core.poses import Poses\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "write_poses(sys.argv[1], Poses(('a',), np.random.rand(20_000, 1, 2), np.arange(20_000)))\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "p.csv")]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
    assert done.returncode == 1
    assert "DataError" in done.stderr
    assert "could not be written" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_long_recording_is_written_and_read_in_seconds(tmp_path, rng):
    points = rng.normal(size=(100_000, 12, 2)) * 100
    poses = Poses(tuple("abcdefghijkl"), points, np.arange(100_000), likelihood=rng.random((100_000, 12)))
    start = time.process_time()
    write_poses(tmp_path / "long.csv", poses)
    back = read_poses(tmp_path / "long.csv")
    seconds = time.process_time() - start  # of the processor: other work on the machine does not count
    assert back.equals(poses)
    assert seconds < 3, f"{seconds:.1f} s; about 1 s, where pandas takes 4"


def test_columns_in_pieces_are_the_columns_at_once(tmp_path):
    rows, values = np.arange(50_000), np.random.default_rng(0).normal(size=50_000)
    write_columns(tmp_path / "whole.csv", [["f", "x"]], [rows, values])
    with ColumnWriter(tmp_path / "parts.csv", [["f", "x"]]) as writer:
        for start, stop in ((0, 1), (1, 30_000), (30_000, 50_000)):
            writer.append([rows[start:stop], values[start:stop]])
    assert (tmp_path / "parts.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    pieces = list(iterate_columns(tmp_path / "whole.csv", 1, 2, [0]))
    assert len(pieces) > 1
    np.testing.assert_array_equal(np.concatenate([piece[1] for piece in pieces]), values)

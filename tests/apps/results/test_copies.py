"""Copies in binary, against what was written."""

import numpy as np
import pytest

from apps.results.copies import ROWS, Copy, CopyWriter
from apps.results.rows import Head
from lightning_pose.core.errors import DataError

CELLS = {
    (f"kp{k}", coord): 1 + 3 * k + c for k in range(4) for c, coord in enumerate(("x", "y", "likelihood"))
}
HEAD = Head(tuple(f"kp{k}" for k in range(4)), ("x", "y", "likelihood"), CELLS, (), 13, 3)


def write(path, frames, stretch=300):
    """Write random columns in stretches, and return them by frame."""
    frames = np.asarray(frames)
    columns = np.random.default_rng(2).normal(size=(13, len(frames)))
    with path.open("wb") as file:
        writer = CopyWriter(file, HEAD)
        for start in range(0, len(frames), stretch):
            writer.add(frames[start : start + stretch], list(columns[:, start : start + stretch]))
        writer.finish()
    whole = np.full((frames[-1] + 1, 13), np.nan, dtype=np.float32)
    whole[frames] = columns.T
    return whole


@pytest.mark.parametrize(
    "frames",
    [range(ROWS), range(3 * ROWS + 17), range(2 * ROWS + 5, 4 * ROWS), [5, 2000, 2001, 9000]],
    ids=["one block", "several", "later", "gaps"],
)
def test_windows_and_columns_hold_what_was_written(tmp_path, frames):
    path = tmp_path / "copy"
    whole = write(path, frames)
    rng = np.random.default_rng(0)
    cells = list(CELLS)
    with Copy(path) as copy:
        assert copy.head.frames == len(whole)
        for _ in range(40):
            start = int(rng.integers(0, len(whole) + 10))
            stop = start + int(rng.integers(0, 2500))
            count = int(rng.choice([1, 5]))  # by columns, and by blocks
            chosen = [cells[i] for i in rng.permutation(len(cells))[:count]] + [("nobody", "x")]
            expected = np.full((stop - start, count + 1), np.nan, dtype=np.float32)
            part = whole[start:stop][:, [CELLS[cell] for cell in chosen[:count]]]
            expected[: len(part), :count] = part
            np.testing.assert_array_equal(copy.window(chosen, start, stop), expected)
            np.testing.assert_array_equal(copy.column(chosen[0], start, stop), expected[:, 0])
            assert np.isnan(copy.column(("nobody", "x"), start, stop)).all()


def test_only_what_is_shown_is_kept(tmp_path):
    coords = ("x", "x_ens_var", "x_posterior_var", "x_ens_median")
    cells = {("a", coord): c for c, coord in enumerate(coords, start=1)}
    with (tmp_path / "copy").open("wb") as file:
        writer = CopyWriter(file, Head(("a",), ("x",), cells, (), 5, 3))
        writer.add(np.arange(2), [np.arange(2.0)] * 5)
        writer.finish()
    with Copy(tmp_path / "copy") as copy:
        assert list(copy.head.cells) == [("a", "x"), ("a", "x_posterior_var"), ("a", "x_ens_median")]


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: b"x" + data, lambda data: data[:40]])
def test_a_copy_that_is_not_whole_is_none(tmp_path, change):
    path = tmp_path / "copy"
    write(path, range(2000))
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError, match="not a copy"):
        Copy(path)


def test_the_header_has_the_same_length_whatever_it_says(tmp_path):
    names = tuple(f"keypoint number {k:04d}" for k in range(400))
    for count in range(300, 400, 7):  # some headers end right before the end of a page
        cells = {(name, "x"): 1 for name in names[:count]}
        with (tmp_path / "copy").open("wb") as file:
            writer = CopyWriter(file, Head(names[:count], ("x",), cells, (), 2, 3))
            writer.add(np.arange(3), [np.arange(3.0)] * 2)
            writer.finish()
        with Copy(tmp_path / "copy") as copy:
            assert copy.column((names[count - 1], "x"), 0, 3).tolist() == [0, 1, 2]

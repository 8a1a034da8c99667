"""The program that makes copies: the same numbers, or a sentence."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from apps.results.build import make_copy
from apps.results.copies import Copy
from lightning_pose.core.errors import DataError
from tests.apps.results.test_rows import NAMES, write

ROOT = Path(__file__).parents[3]


def test_a_copy_holds_what_pandas_reads(tmp_path):
    table = write(tmp_path / "poses.csv", [*range(1500), *range(1600, 2600)])
    told = []
    make_copy(table, tmp_path / "copy", lambda done, total: told.append((done, total)))
    expected = pd.read_csv(table, header=[0, 1, 2], index_col=0).droplevel(0, axis=1)
    with Copy(tmp_path / "copy") as copy:
        for name in NAMES:
            for coord in ("x", "y", "likelihood"):
                column = expected[name, coord].reindex(range(2600)).to_numpy(np.float32)
                np.testing.assert_array_equal(copy.column((name, coord), 0, 2600), column)
    assert told[-1] == (2600, 2600)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("x.png,1,1,1,2,2,2\n", "number of a frame"),
        ("3,1,1\n", "cut off"),
        ("1,1,1,1,2,2,2\n0,1,1,1,2,2,2\n", "ascending"),
        ("0,1,1,1,2,2,2\n0,1,1,1,2,2,2\n", "ascending"),
        ("99999999999,1,1,1,2,2,2\n", "gone wrong"),
        ("", "no rows"),
    ],
)
def test_a_faulty_table_is_a_sentence_and_leaves_nothing(tmp_path, row, said):
    table = write(tmp_path / "poses.csv", [0])
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:3]) + row)
    with pytest.raises(DataError, match=said):
        make_copy(table, tmp_path / "cache" / "copy")
    assert not (tmp_path / "cache").exists() or not list((tmp_path / "cache").iterdir())


def test_a_table_that_changes_meanwhile_is_not_copied(tmp_path):
    table = write(tmp_path / "poses.csv", range(100))
    with pytest.raises(DataError, match="changed"):
        make_copy(table, tmp_path / "copy", lambda done, total: table.write_bytes(table.read_bytes() + b"\n"))
    assert not (tmp_path / "copy").exists()


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(DataError, match="no copy can be written"):
        make_copy(write(tmp_path / "poses.csv", range(9)), tmp_path / "cache" / "copy")


def test_the_program_tells_how_far_it_is_and_loads_no_framework(tmp_path):
    table = write(tmp_path / "poses.csv", range(100))
    code = (
        "import sys; from apps.results.build import main; status = main(sys.argv[1:]); "
        "assert not {'torch', 'jax', 'streamlit', 'cv2'} & set(sys.modules); sys.exit(status)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        [*command, table, tmp_path / "copy"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "100 100")
    table.write_text("nothing of the kind")
    failed = subprocess.run(
        [*command, table, tmp_path / "other"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert failed.returncode == 2
    assert "poses.csv" in failed.stderr
    assert "Traceback" not in failed.stderr

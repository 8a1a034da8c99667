import numpy as np
import pandas as pd
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.crops.tables import BoxTable, read_boxes, write_boxes

BOXES = np.array([[-3, 4, 10, 10], [5, 6, 12, 14]])


def test_pandas_writes_and_reads_the_same_file(tmp_path):
    index = ["labeled-data/a/img1.png", "labeled-data/a/img2.png"]
    frame = pd.DataFrame(BOXES, index=index, columns=["x", "y", "h", "w"])
    frame.to_csv(tmp_path / "theirs.csv")
    table = read_boxes(tmp_path / "theirs.csv")
    assert np.array_equal(table.boxes, BOXES) and table.frames.tolist() == index
    write_boxes(tmp_path / "ours.csv", table)
    assert (tmp_path / "ours.csv").read_bytes() == (tmp_path / "theirs.csv").read_bytes()


def test_boxes_of_videos_are_numbered(tmp_path):
    write_boxes(tmp_path / "b.csv", BoxTable(BOXES, np.arange(2)))
    assert (tmp_path / "b.csv").read_text() == ",x,y,h,w\n0,-3,4,10,10\n1,5,6,12,14\n"
    assert read_boxes(tmp_path / "b.csv").frames.tolist() == [0, 1]


def test_columns_are_found_by_name(tmp_path):
    (tmp_path / "b.csv").write_text(",w,h,x,y\n0,4.0,3,1,2\n")
    assert read_boxes(tmp_path / "b.csv").boxes.tolist() == [[1, 2, 3, 4]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (",x,y,h\n0,1,2,3\n", "no column w"),
        (",x,y,h,w\n", "no boxes"),
        (
            ",x,y,h,w\n0,1,2,3,\n1,1,2,0,4\n2,1.5,2,3,4\n3,1,2,3,4\n",
            r"(?s)3 faults.*line 2 .*line 3 .*line 4 ",
        ),
        (",x,y,h,w\n0,1,2,3,four\n", "not a number"),
    ],
)
def test_faulty_files_are_refused_with_their_lines(tmp_path, text, message):
    (tmp_path / "b.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_boxes(tmp_path / "b.csv")

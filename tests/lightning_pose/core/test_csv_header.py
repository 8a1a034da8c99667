import numpy as np
import pytest

from lightning_pose.core.csv_header import Header, read_header, read_lines
from lightning_pose.core.errors import DataError
from lightning_pose.core.tables import read_labels, read_poses

HEADER = "scorer,me,me,me,me\nbodyparts,a,a,b,b\ncoords,x,y,x,y\n"


def fails(path, *texts):
    """Check that reading fails with the file's name and all of the texts in the message."""
    with pytest.raises(DataError) as caught:
        read_poses(path)
    for text in (str(path), *texts):
        assert text in str(caught.value)


def test_the_header_says_where_everything_is(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        HEADER.replace("\n", ",set\n", 1).replace("b\n", "b,\n").replace("y\n", "y,\n") + "0,1,2,3,4,s\n"
    )
    expected = Header(
        "me",
        ("a", "b"),
        ("x", "y"),
        {("a", "x"): 1, ("a", "y"): 2, ("b", "x"): 3, ("b", "y"): 4},
        (0,),
        (5,),
        6,
        3,
    )
    assert read_header(path) == expected
    assert read_lines(path, 1) == [["scorer", "me", "me", "me", "me", "set"]]


@pytest.mark.parametrize("rows", [["0,1,2,3,4", "1,1,2,3,4"], ["d/i0.png,1,2,3,4", "d/i1.png,,,,"]])
def test_a_row_with_the_name_of_the_index_is_none(tmp_path, rows):
    path = tmp_path / "t.csv"
    path.write_text("\n".join([HEADER + "frame,,,,", *rows, ""]))
    assert len(read_poses(path)) == 2


def test_a_path_in_three_columns_is_joined(tmp_path):
    path = tmp_path / "dlc.csv"
    path.write_text(
        "scorer,,,me,me\nbodyparts,,,nose,nose\ncoords,,,x,y\n"
        "labeled-data,video1,img0.png,1.5,2.5\nlabeled-data,video1,img1.png,,\n"
    )
    poses = read_labels(path)
    assert poses.frames.tolist() == ["labeled-data/video1/img0.png", "labeled-data/video1/img1.png"]
    np.testing.assert_array_equal(poses.points[0], [[1.5, 2.5]])


def test_a_row_of_individuals_is_read_when_there_is_one(tmp_path):
    path = tmp_path / "dlc.csv"
    text = "scorer,me,me,me,me\nindividuals,{}\nbodyparts,a,a,b,b\ncoords,x,y,x,y\n0,1,2,3,4\n"
    path.write_text(text.format("one,one,one,one"))
    np.testing.assert_array_equal(read_poses(path).points, [[[1, 2], [3, 4]]])
    path.write_text(text.format("one,one,two,two"))
    fails(path, "several animals (one, two)")


def test_a_missing_or_empty_file_is_said_to_be(tmp_path):
    fails(tmp_path / "none.csv", "does not exist")
    fails(tmp_path, "is not a file")
    (tmp_path / "empty.csv").write_text("\n\n")
    fails(tmp_path / "empty.csv", "is empty")
    (tmp_path / "header.csv").write_text(HEADER)
    fails(tmp_path / "header.csv", "has a header but no rows")
    (tmp_path / "two.csv").write_text("scorer,me,me\nbodyparts,a,a\n")
    fails(tmp_path / "two.csv", "ends after 2 lines")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00scorer")
    fails(tmp_path / "bytes.csv", "not a CSV in UTF-8")


@pytest.mark.parametrize(
    ("header", "texts"),
    [
        ("nose,tail\n0,1\n1,2", ["does not start with the header rows scorer, bodyparts, coords"]),
        ("scorer;me;me\nbodyparts;a;a\ncoords;x;y\n0;1;2", ["separated by semicolons?"]),
        ("scorer,me,me\nbodyparts,a\ncoords,x,y\n0,1,2", ["header rows have 3, 2 and 3 cells"]),
        ("scorer,m,m,m\nbodyparts,a,a,b\ncoords,x,y,x\n0,1,2,3", ["'b' has the columns x, but 'a' has x, y"]),
        ("scorer,m,m,m\nbodyparts,a,a,a\ncoords,x,y,x\n0,1,2,3", ["columns 2 and 4 are both x of 'a'"]),
        ("scorer,m,m,m\nbodyparts,a,a,\ncoords,x,y,x\n0,1,2,3", ["column 4 has no keypoint"]),
        (
            "scorer,m,m\nbodyparts,a,a\ncoords,y,x\n0,1,2",
            ["'a' has the columns y, x; expected x, y or x, y, z"],
        ),
        ("scorer,m,m,set,set\nbodyparts,a,a,,\ncoords,x,y,,\n0,1,2,,", ["2 columns named set"]),
    ],
)
def test_a_header_that_is_none_is_said_to_be_wrong(tmp_path, header, texts):
    path = tmp_path / "t.csv"
    path.write_text(header + "\n")
    fails(path, *texts)

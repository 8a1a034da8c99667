import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from lightning_pose.core.csv_header import read_header
from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import (
    Metric,
    pose_columns,
    poses_from_columns,
    read_labels,
    read_metric_table,
    read_poses,
    text_columns,
    write_metric_table,
    write_poses,
)

TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=8)
FLOAT = st.floats(allow_infinity=False, width=64)
HEADER = ["scorer", "bodyparts", "coords"]
EXTRA = TEXT.map("extra ".__add__)


@st.composite
def fields_of_poses(draw):
    """Draw the fields of poses with any of the optional parts."""
    names = draw(st.lists(TEXT, min_size=1, max_size=3, unique=True))
    rows, dims = draw(st.integers(1, 4)), draw(st.sampled_from([2, 3]))
    flat = (rows, len(names))

    def maybe(strategy):
        return draw(st.none() | strategy)

    numbers = st.lists(st.integers(-(2**53) + 1, 2**53 - 1), min_size=rows, max_size=rows, unique=True)
    images = st.lists(TEXT.map("data/{}.png".format), min_size=rows, max_size=rows, unique=True)
    return dict(
        names=tuple(names),
        points=draw(npst.arrays(np.float64, (*flat, dims), elements=FLOAT)),
        frames=np.array(draw(numbers | images)),
        likelihood=maybe(npst.arrays(np.float64, flat, elements=FLOAT)),
        variance=maybe(npst.arrays(np.float64, (*flat, dims), elements=FLOAT)),
        visible=maybe(npst.arrays(np.int64, flat, elements=st.integers(0, 2))),
        sets=maybe(st.lists(TEXT, min_size=rows, max_size=rows).map(tuple)),
        extras=draw(st.dictionaries(EXTRA, npst.arrays(np.float64, flat, elements=FLOAT), max_size=2)),
        scorer=maybe(TEXT),
    )


def table(tmp_path, *lines, name="t.csv", keypoints=("a", "b"), coords=("x", "y")):
    """Write a table with the usual header and the given lines after it."""
    cells = [(keypoint, coord) for keypoint in keypoints for coord in coords]
    header = [
        "scorer," + ",".join("me" for _ in cells),
        "bodyparts," + ",".join(keypoint for keypoint, _ in cells),
        "coords," + ",".join(coord for _, coord in cells),
    ]
    path = tmp_path / name
    path.write_text("\n".join([*header, *lines, ""]))
    return path


def fails(path, *texts, read=read_poses):
    """Check that reading fails with the file's name and all of the texts in the message."""
    with pytest.raises(DataError) as caught:
        read(path)
    for text in (str(path), *texts):
        assert text in str(caught.value)


@given(fields_of_poses())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_written_is_read_back_bit_by_bit(tmp_path, fields):
    poses = Poses(**fields)
    path = tmp_path / "poses.csv"
    write_poses(path, poses)
    back = read_poses(path)
    assert back.equals(poses)
    assert (back.scorer, back.names) == (poses.scorer or "lightning_pose", poses.names)
    written = path.read_bytes()
    write_poses(path, back)
    assert path.read_bytes() == written


@given(npst.arrays(np.float64, (3, 2), elements=FLOAT), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_metric_table_is_read_back_bit_by_bit(tmp_path, values, with_sets):
    sets = ("train", "test", "unused") if with_sets else None
    frames = np.array(["d/a.png", "d/b,c.png", "d/1.png"])
    write_metric_table(tmp_path / "m.csv", values, ["nose", "tail, end"], frames, sets)
    back = read_metric_table(tmp_path / "m.csv")
    np.testing.assert_array_equal(back.values, values)
    assert (back.names, back.frames.tolist(), back.sets) == (("nose", "tail, end"), frames.tolist(), sets)


def test_a_table_is_what_pandas_writes_and_reads(tmp_path, rng):
    values = rng.normal(size=(50, 6)) * 10.0 ** rng.integers(-9, 18, (50, 6))
    values[rng.random((50, 6)) < 0.2] = np.nan
    values[0] = [0.0, -0.0, 1.0, 1e16, 1e-5, 5e-324]
    columns = pd.MultiIndex.from_product([["net"], ["a", "b"], ["x", "y", "likelihood"]], names=HEADER)
    frame = pd.DataFrame(values, columns=columns, index=[f"labeled-data/s/img{i:08d}.png" for i in range(50)])
    frame["set"] = ["train", "test"] * 25
    frame.to_csv(tmp_path / "pandas.csv")
    poses = read_poses(tmp_path / "pandas.csv")
    np.testing.assert_array_equal(poses.points.reshape(50, 4), values[:, [0, 1, 3, 4]])
    np.testing.assert_array_equal(poses.likelihood, values[:, [2, 5]])
    assert poses.sets == ("train", "test") * 25
    write_poses(tmp_path / "ours.csv", poses)
    assert (tmp_path / "ours.csv").read_bytes() == (tmp_path / "pandas.csv").read_bytes()
    back = pd.read_csv(tmp_path / "ours.csv", header=[0, 1, 2], index_col=0)
    np.testing.assert_array_equal(back.iloc[:, :6].to_numpy(), values)


@pytest.mark.realdata
def test_every_recorded_table_survives_reading_and_writing(real_data, tmp_path):
    tables = sorted(real_data.rglob("*.csv"))
    assert len(tables) >= 30
    differ = []
    for path in tables:
        poses = read_poses(path)
        write_poses(tmp_path / "again.csv", poses)
        assert read_poses(tmp_path / "again.csv").equals(poses)
        if (tmp_path / "again.csv").read_bytes() != path.read_bytes():
            differ.append(path.relative_to(real_data).parts[:2])
    # written with four fixed decimals, and with line ends of Windows: the same values in other bytes
    assert set(differ) == {("eks", "fly"), ("mirror-mouse", "CollectedData.csv")}


@pytest.mark.realdata
def test_recorded_values_are_those_that_pandas_reads(real_data):
    path = real_data / "human-4cam" / "balancing_3d.csv"
    poses = read_poses(path)
    frame = pd.read_csv(path, header=[0, 1, 2], index_col=0)
    assert (len(poses), len(poses.names), poses.dims, poses.scorer) == (70, 25, 3, "triangulated")
    np.testing.assert_array_equal(poses.points.reshape(70, 75), frame.to_numpy())
    labels = read_labels(real_data / "human-4cam" / "cam1.csv")
    assert labels.frames[69] == "labeled-data/balancing_cam1/img00000069.jpg"
    assert labels.points[0, 0].tolist() == [252.643, 214.597]


def test_a_first_row_without_labels_is_a_row(tmp_path):
    path = table(tmp_path, "labeled-data/s/img0.png,,,,", "labeled-data/s/img1.png,1,2,3,4")
    poses = read_labels(path)
    assert poses.frames.tolist() == ["labeled-data/s/img0.png", "labeled-data/s/img1.png"]
    assert np.isnan(poses.points[0]).all()
    np.testing.assert_array_equal(poses.points[1], [[1, 2], [3, 4]])
    assert np.isnan(read_poses(table(tmp_path, "0,,,,", "1,1,2,3,4")).points[0]).all()
    assert len(read_poses(table(tmp_path, "0,,,,", "1,,,,"))) == 2
    assert len(read_poses(table(tmp_path, "-1,,,,", "0,1,2,3,4"))) == 2


def test_visibility_is_read_and_an_empty_cell_means_what_the_coordinates_say(tmp_path):
    coords = ("x", "y", "visible")
    path = table(tmp_path, "d/i0.png,1,2,0,3,4,1", "d/i1.png,1,2,,,,", "d/i2.png,1,2,2.0,,,0", coords=coords)
    poses = read_labels(path)
    np.testing.assert_array_equal(poses.visible, [[0, 1], [2, 0], [2, 0]])
    fails(
        table(tmp_path, "d/i0.png,1,2,3,3,4,1", "d/i1.png,1,2,1,3,4,-1", coords=coords),
        "line 4 (d/i0.png), a: visible is 3, expected 0 (ignore), 1 (occluded) or 2 (visible)",
        "line 5 (d/i1.png), b: visible is -1",
    )


def test_the_columns_of_the_smoother_become_variance_and_extras(tmp_path):
    coords = ["x", "y", "likelihood", "x_ens_median", "y_ens_median", "x_ens_var", "y_ens_var"]
    coords += ["x_posterior_var", "y_posterior_var"]
    path = table(tmp_path, "0," + ",".join(f"{i}.5" for i in range(18)), coords=coords)
    poses = read_poses(path)
    np.testing.assert_array_equal(poses.variance, [[[7.5, 8.5], [16.5, 17.5]]])
    np.testing.assert_array_equal(poses.likelihood, [[2.5, 11.5]])
    assert {name: block.tolist() for name, block in poses.extras.items()} == {
        "x_ens_median": [[3.5, 12.5]],
        "y_ens_median": [[4.5, 13.5]],
        "x_ens_var": [[5.5, 14.5]],
        "y_ens_var": [[6.5, 15.5]],
    }
    write_poses(tmp_path / "again.csv", poses)
    assert (tmp_path / "again.csv").read_text() == path.read_text()


def test_a_3d_table_keeps_its_further_columns_and_counts_stay_whole(tmp_path):
    coords = ["x", "y", "z", "uncertainty", "reprojection_error", "n_views"]
    path = table(tmp_path, "0,1.0,2.0,3.0,0.1,0.2,4", "1,,,,,,0", keypoints=["a"], coords=coords)
    poses = read_poses(path)
    assert list(poses.extras) == coords[3:]
    np.testing.assert_array_equal(poses.points[0], [[1, 2, 3]])
    assert poses.extras["n_views"].tolist() == [[4], [0]]
    write_poses(tmp_path / "again.csv", poses)
    assert (tmp_path / "again.csv").read_text() == path.read_text()


def test_the_scorer_can_be_named_on_writing(tmp_path):
    poses = Poses(("a",), np.ones((1, 1, 2)), np.array([0]), scorer="old")
    write_poses(tmp_path / "new.csv", poses, scorer="heatmap_tracker")
    assert read_poses(tmp_path / "new.csv").scorer == "heatmap_tracker"


def test_a_file_from_a_spreadsheet_is_read(tmp_path):
    path = table(tmp_path, "d/i0.png,1,2,nan,NA", "", "d/i1.png, 1.5 ,2e1,3,4")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    poses = read_labels(path)
    np.testing.assert_array_equal(poses.points, [[[1, 2], [np.nan, np.nan]], [[1.5, 20], [3, 4]]])


def test_a_repeated_row_is_named_with_both_lines(tmp_path):
    path = table(tmp_path, "d/i0.png,1,2,3,4", "d/i1.png,1,2,3,4", "d/i0.png,1,2,3,4")
    fails(path, "line 6 repeats d/i0.png of line 4")
    fails(table(tmp_path, "0,1,2,3,4", "0,1,2,3,4"), "line 5 repeats 0 of line 4")


def test_a_row_that_names_no_frame_is_named(tmp_path):
    fails(table(tmp_path, "d/i0.png,1,2,3,4", ",1,2,3,4"), "line 5 names no frame")


def test_an_infinite_coordinate_is_named(tmp_path):
    fails(table(tmp_path, "0,1,2,3,4", "1,1,inf,3,4"), "line 5 (1), a: the coordinates are infinite")


def test_predictions_and_3d_points_are_no_labels(tmp_path):
    fails(table(tmp_path, "0,1,2,3,4"), "indexed by frame numbers", read=read_labels)
    path = table(tmp_path, "d/i0.png,1,2,3", keypoints=["a"], coords=("x", "y", "z"))
    fails(path, "holds 3D points", read=read_labels)


def test_a_metric_that_does_not_fit_its_frames_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"\(2, 3\) does not fit 2 frames, 2 keypoints"):
        write_metric_table(tmp_path / "m.csv", np.zeros((2, 3)), ["a", "b"], np.arange(2))
    assert not list(tmp_path.iterdir())


def test_a_metric_table_with_faults_names_them(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text(",a,b,set\n0,1,2,train\n1,x,2,test\n2,1\n")
    fails(path, "line 3 (1), column 2: 'x'", "line 4 (2) has 2 cells", read=read_metric_table)
    path.write_text(",a\n0,1\n0,2\n")
    fails(path, "line 3 repeats 0 of line 2", read=read_metric_table)


def test_a_metric_table_of_other_tools_is_read(tmp_path):
    frame = pd.DataFrame([[1.5, np.nan]], columns=["a", "b"], index=["d/i.png"])
    frame["set"] = "train"
    frame.to_csv(tmp_path / "m.csv")
    metric = read_metric_table(tmp_path / "m.csv")
    assert isinstance(metric, Metric)
    np.testing.assert_array_equal(metric.values, [[1.5, np.nan]])
    assert metric.sets == ("train",)


def test_poses_and_their_columns_are_one_and_the_same(tmp_path):
    points = np.array([[[1.0, 2], [3, 4]], [[5, 6], [np.nan, np.nan]]])
    poses = Poses(("a", "b"), points, np.array([7, 8]), likelihood=np.ones((2, 2)), scorer="me")
    write_poses(tmp_path / "t.csv", poses)
    header = read_header(tmp_path / "t.csv")
    rows, columns = pose_columns(poses)
    assert rows[1:] == [["bodyparts", *"aaabbb"], ["coords", *("x", "y", "likelihood") * 2]]
    assert text_columns(header) == [0]
    assert poses_from_columns(tmp_path / "t.csv", header, columns, header.lines).equals(poses)
    columns[2][1] = np.inf
    with pytest.raises(DataError, match=r"line 105 \(8\), a: the coordinates are infinite"):
        poses_from_columns(tmp_path / "t.csv", header, columns, 103)

"""Tables read side by side say what they say alone; what does not fit is refused."""

import json

import numpy as np
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_metric_table, write_poses
from lightning_pose.frames.evidence import read_evidence
from lightning_pose.frames.files import SessionFiles

NAMES = ("nose", "ear_left", "ear_right")
T = 57


@pytest.fixture
def members(rng):
    """Return points and confidences of three members in two views, some missing."""
    points = rng.normal(100, 20, (3, 2, T, 3, 2))
    points[0, 0, 10] = np.nan
    points[:, 1, 20, 2] = np.nan
    return points, rng.random((3, 2, T, 3))


@pytest.fixture
def files(tmp_path, members):
    predictions = {}
    for v, view in enumerate(("a", "b")):
        predictions[view] = []
        for m, (points, sure) in enumerate(zip(*members, strict=True)):
            path = tmp_path / f"s_{view}_rng={m}.csv"
            order = NAMES if m == 0 else NAMES[::-1]  # members may have keypoints in another order
            poses = Poses(NAMES, points[v], np.arange(T), likelihood=sure[v]).select(order)
            write_poses(path, poses)
            predictions[view].append(path)
    return SessionFiles("s", predictions)


def whole(evidence, rows=10**6):
    return list(evidence.read(rows))


def test_members_are_combined_as_numpy_does_it(files, members):
    (seen,) = whole(read_evidence(files))
    points, sure = members
    with np.testing.suppress_warnings() as quiet:
        quiet.filter(RuntimeWarning)
        np.testing.assert_allclose(seen.xy, np.nanmedian(points, axis=0))
        spread = np.sqrt(np.nanvar(points, axis=0, ddof=1).mean(axis=-1))
    np.testing.assert_allclose(seen.distances["spread"], spread, rtol=1e-9)
    assert seen.confidence is not None
    np.testing.assert_allclose(seen.confidence, sure.mean(axis=0))


def test_metrics_world_and_smoother_lie_in_their_places(tmp_path, files, members, rng):
    world = rng.normal(size=(T, 3, 3))
    write_poses(tmp_path / "s_3d.csv", Poses(NAMES, world, np.arange(T)))
    errors = rng.random((2, T, 3))
    metrics = {"reprojection_error": {}, "pca_singleview_error": {}, "temporal_norm": {}}
    for v, view in enumerate(("a", "b")):
        for kind, factor in (("reprojection_error", 1), ("pca_singleview_error", 5), ("temporal_norm", 9)):
            path = tmp_path / f"s_{view}_{kind}.csv"
            write_metric_table(path, factor * errors[v], NAMES, np.arange(T))
            metrics[kind][view] = [path]
    median = np.ma.filled(np.ma.median(np.ma.masked_invalid(members[0]), axis=0), np.nan)
    smooth = {}
    for v, view in enumerate(("a", "b")):
        points = np.nan_to_num(median[v]) + [3.0, 4.0]
        points[30] += 100
        smooth[view] = tmp_path / f"multicam_{view}_results.csv"
        write_poses(smooth[view], Poses(NAMES, points, np.arange(T), variance=np.full((T, 3, 2), 0.5)))
    record = {"keypoints": {name: {"observation_sd_px": {"a": 2.0, "b": 2.0}} for name in NAMES}}
    (tmp_path / "r.json").write_text(json.dumps(record))
    full = SessionFiles("s", files.predictions, metrics, tmp_path / "s_3d.csv", smooth, [tmp_path / "r.json"])
    (seen,) = whole(read_evidence(full))
    np.testing.assert_allclose(seen.distances["reprojection"], errors)
    np.testing.assert_allclose(seen.distances["pca"], 5 * errors)
    np.testing.assert_array_equal(seen.xyz, world)
    known = np.isfinite(seen.distances["smoother"])
    near = np.broadcast_to((np.arange(T) != 30)[None, :, None], known.shape)
    np.testing.assert_allclose(seen.distances["smoother"][known & near], 5.0)
    assert seen.gated is not None
    # 25 px^2 is less than 9.21 (2^2 + 0.5), and what lies 100 px off is more
    assert not seen.gated[near].any() and seen.gated[:, 30].all()


def test_a_smoother_of_single_views_has_a_record_for_each_and_may_lack_keypoints(tmp_path, files, members):
    median = np.ma.filled(np.ma.median(np.ma.masked_invalid(members[0]), axis=0), np.nan)
    smooth, records = {}, []
    for v, (view, noise) in enumerate((("a", 0.5), ("b", 20.0))):
        points = np.nan_to_num(median[v, :, :2]) + [3.0, 4.0]  # the third keypoint was not asked for
        smooth[view] = tmp_path / f"singlecam_{view}_results.csv"
        write_poses(smooth[view], Poses(NAMES[:2], points, np.arange(T), variance=np.zeros((T, 2, 2))))
        records.append(tmp_path / f"singlecam_{view}_results.json")
        said = {name: {"observation_sd_px": {"image": noise}} for name in NAMES[:2]}
        records[-1].write_text(json.dumps({"keypoints": said}))
    (seen,) = whole(read_evidence(SessionFiles("s", files.predictions, {}, None, smooth, records)))
    assert seen.gated is not None
    known = np.isfinite(seen.distances["smoother"])
    np.testing.assert_allclose(seen.distances["smoother"][known], 5.0)
    assert known[:, :, :2].any() and not known[..., 2].any()
    # 25 px^2 is more than 9.21 0.5^2 and less than 9.21 20^2
    assert seen.gated[0, :, :2][known[0, :, :2]].all() and not seen.gated[1].any()


@pytest.mark.parametrize("rows", [1, 10, 56, 57])
def test_stretches_come_with_their_neighbours(files, rows):
    evidence = read_evidence(files)
    (all_at_once,) = whole(evidence)
    numbers = []
    for seen, own in evidence.blocks(rows):
        frames = seen.start + np.arange(seen.count)
        np.testing.assert_array_equal(seen.xy, all_at_once.xy[:, frames])
        assert own.start == int(frames[own.start] > 0)
        assert (own.stop < seen.count) == (frames[own.stop - 1] < T - 1)
        numbers += frames[own].tolist()
    assert numbers == list(range(T))


def test_a_view_that_ends_earlier_is_missing_from_there_on(tmp_path, files, members):
    path = tmp_path / "short.csv"
    write_poses(path, Poses(NAMES, members[0][0, 1, :40], np.arange(40)))
    short = SessionFiles("s", {"a": files.predictions["a"], "b": [path]})
    xy = np.concatenate([seen.xy for seen in whole(read_evidence(short), 25)], axis=1)
    assert xy.shape[1] == T and np.isnan(xy[1, 40:]).all() and np.isfinite(xy[1, :20]).all()


def test_tables_of_other_keypoints_or_frames_are_refused(tmp_path, files, members):
    other, late = tmp_path / "other.csv", tmp_path / "late.csv"
    write_poses(other, Poses(("x", "y", "z"), members[0][0, 1], np.arange(T)))
    with pytest.raises(DataError, match="expected the keypoints"):
        read_evidence(SessionFiles("s", {"a": files.predictions["a"], "b": [other]}))
    write_poses(late, Poses(NAMES, members[0][0, 1], np.arange(T) + 3))
    with pytest.raises(DataError, match=r"late\.csv: expected the frames 0 to"):
        whole(read_evidence(SessionFiles("s", {"a": files.predictions["a"], "b": [late]})))

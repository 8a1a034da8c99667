"""The smoother of several cameras on synthetic truth: better than any frame alone, honest, free of units
and order."""

import dataclasses

import numpy as np
import pytest

from eks.ensemble import combine
from eks.multicam import Options, smooth
from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import project_views
from lightning_pose.core.errors import CalibrationError, DataError
from lightning_pose.core.poses import Poses
from lightning_pose.synthetic.ensemble import simulate_ensemble
from lightning_pose.synthetic.session import simulate_truth
from tests.eks.conftest import World, by_camera, error_3d

INTERVAL = 1.96


def points_of(world: World) -> np.ndarray:
    """Pixels of all members, "M V T K 2"."""
    return np.stack([[p.points for p in members] for members in world.members.values()], axis=1)


def coverage(world: World, result) -> float:
    half = INTERVAL * np.sqrt(result.world.variance)
    return float((np.abs(result.world.points - world.truth.poses.points) < half).mean())


def test_smoothing_beats_every_method_that_looks_at_one_frame(world):
    result = smooth(world.members, world.truth.rig)
    members = points_of(world)
    single = np.mean([error_3d(world, world.truth.rig.triangulate(member)) for member in members])
    median = combine(members, None).pixels
    plain = error_3d(world, world.truth.rig.triangulate(median))
    robust = error_3d(world, world.truth.rig.triangulate_robust(median, threshold_px=5).xyz)
    assert error_3d(world, result.world.points) < 0.7 * min(single, plain, robust)


@pytest.mark.parametrize(("views", "seed"), [(2, 3), (3, 1), (6, 2)])
def test_95_percent_intervals_cover_the_truth_although_members_err_together(views, seed):
    truth = simulate_truth(views, 400, seed=seed)
    world = World(truth, by_camera(simulate_ensemble(truth, (0, 1, 2), seed=seed)))
    result = smooth(world.members, truth.rig)
    assert 0.93 <= coverage(world, result) <= 0.98
    for v, poses in enumerate(result.views.values()):
        inside = np.abs(poses.points - truth.projections[v]) < INTERVAL * np.sqrt(poses.variance)
        assert 0.90 <= inside.mean() <= 0.99


def test_a_single_member_has_honest_intervals_too(world):
    one = World(world.truth, {camera: members[:1] for camera, members in world.members.items()})
    result = smooth(one.members, one.truth.rig)
    assert 0.90 <= coverage(one, result) <= 0.99
    assert error_3d(one, result.world.points) < 0.7 * error_3d(
        one, one.truth.rig.triangulate(points_of(one)[0])
    )


def test_pixels_are_the_projection_of_the_points(few):
    result = smooth(few.members, few.truth.rig)
    expected = project_views(result.world.points, few.truth.rig.camera)
    for v, poses in enumerate(result.views.values()):
        np.testing.assert_allclose(poses.points, expected[v], atol=1e-9)


def test_variance_in_every_view_is_that_of_the_point(few):
    result = smooth(few.members, few.truth.rig, Options(s=1.0))
    draw = np.random.default_rng(0).multivariate_normal(np.zeros(3), np.eye(3), 4000)
    t, k = 100, 2
    half = np.linalg.cholesky(result.smoothed.covariance[t, k])
    cloud = project_views(result.world.points[t, k] + draw @ half.T, few.truth.rig.camera)
    for v, poses in enumerate(result.views.values()):
        np.testing.assert_allclose(poses.variance[t, k], cloud[v].var(0), rtol=0.1)


@pytest.mark.parametrize("robust", [True, False], ids=["robust", "plain"])
def test_order_of_members_and_cameras_does_not_matter(few, robust):
    options = Options(s=2.0, robust=robust)
    expected = smooth(few.members, few.truth.rig, options)
    turned = {camera: few.members[camera][::-1] for camera in list(few.members)[::-1]}
    got = smooth(turned, few.truth.rig, options)
    for camera, poses in expected.views.items():
        np.testing.assert_allclose(got.views[camera].points, poses.points, atol=1e-6)
        np.testing.assert_allclose(got.views[camera].variance, poses.variance, rtol=1e-6)


def test_a_camera_without_any_detection_changes_nothing(few):
    options = Options(s=2.0)
    names = few.truth.rig.names[:2]
    expected = smooth({name: few.members[name] for name in names}, few.truth.rig, options)
    blind = [
        dataclasses.replace(poses, points=np.full_like(poses.points, np.nan))
        for poses in few.members[few.truth.rig.names[2]]
    ]
    got = smooth(
        {**{n: few.members[n] for n in names}, few.truth.rig.names[2]: blind}, few.truth.rig, options
    )
    np.testing.assert_allclose(got.world.points, expected.world.points, atol=1e-6)
    np.testing.assert_allclose(got.world.variance, expected.world.variance, rtol=1e-6)


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_the_unit_of_the_world_does_not_matter(few, factor):
    expected = smooth(few.members, few.truth.rig)
    camera = few.truth.rig.camera
    rig = dataclasses.replace(few.truth.rig, camera=camera._replace(translation=camera.translation * factor))
    got = smooth(few.members, rig)
    for name, poses in expected.views.items():
        np.testing.assert_allclose(got.views[name].points, poses.points, atol=1e-3)
    np.testing.assert_allclose(got.smoothed.s, expected.smoothed.s, rtol=1e-3)


def test_every_member_nan_in_some_cells_is_bridged(few):
    gap = slice(100, 110)
    members = {}
    for camera, each in few.members.items():
        members[camera] = []
        for poses in each:
            points = poses.points.copy()
            points[gap, 0] = np.nan
            members[camera].append(dataclasses.replace(poses, points=points))
    result = smooth(members, few.truth.rig)
    assert np.isfinite(result.world.points).all()
    inside = result.world.variance[100:110, 0].mean()
    assert inside > 2 * result.world.variance[120:200, 0].mean()


def test_a_keypoint_that_nobody_saw_stays_missing(few):
    members = {
        camera: [
            dataclasses.replace(p, points=np.where(np.arange(4)[:, None] == 1, np.nan, p.points))
            for p in each
        ]
        for camera, each in few.members.items()
    }
    result = smooth(members, few.truth.rig)
    assert np.isnan(result.world.points[:, 1]).all()
    assert np.isfinite(result.world.points[:, [0, 2, 3]]).all()


def test_all_members_teleporting_together_in_one_camera_hardly_move_the_point(few):
    rng = np.random.default_rng(7)
    clean = smooth(few.members, few.truth.rig)
    name = few.truth.rig.names[1]
    shape = few.members[name][0].points.shape[:2]
    hit = rng.random(shape) < 0.05
    angle = rng.uniform(0, 2 * np.pi, shape)
    jump = 80 * hit[..., None] * np.stack([np.cos(angle), np.sin(angle)], -1)
    moved = [dataclasses.replace(poses, points=poses.points + jump) for poses in few.members[name]]
    result = smooth({**few.members, name: moved}, few.truth.rig)
    near = hit | np.roll(hit, 1, 0) | np.roll(hit, -1, 0)
    for camera, poses in result.views.items():
        shift = np.linalg.norm(poses.points - clean.views[camera].points, axis=-1)
        assert shift[hit].mean() < 3
        assert shift[~near].mean() < 0.3
    ratio = result.smoothed.s / clean.smoothed.s
    assert (ratio < 2).all()
    assert (ratio > 0.5).all()


def test_without_calibration_the_geometry_is_learned(world):
    result = smooth(world.members, None)
    assert result.world is None
    median = combine(points_of(world), None).pixels
    got = np.stack([poses.points for poses in result.views.values()])
    seen = np.isfinite(median)
    before = np.abs(median - world.truth.projections)[seen].mean()
    assert np.abs(got - world.truth.projections)[seen].mean() < 0.85 * before


def test_what_a_member_lacks_counts_as_not_seen(few):
    """A seed without its last frames in one view, and without another view at all."""
    first, second, third = few.truth.rig.names
    short = few.members[second][0].rows(slice(0, 200))
    members = {
        first: few.members[first],
        second: [short, *few.members[second][1:]],
        third: few.members[third][:2],
    }
    blank = [[p.points.copy() for p in few.members[name]] for name in (first, second, third)]
    blank[1][0][200:] = blank[2][2][:] = np.nan
    filled = {
        name: [dataclasses.replace(p, points=b) for p, b in zip(few.members[name], each, strict=True)]
        for name, each in zip((first, second, third), blank, strict=True)
    }
    for each, points in ((filled[second][0], slice(200, None)), (filled[third][2], slice(None))):
        each.likelihood[points] = np.nan  # who is not there is not unsure either
    got, expected = (smooth(each, few.truth.rig, Options(s=2.0)) for each in (members, filled))
    np.testing.assert_allclose(got.world.points, expected.world.points, atol=1e-9)
    np.testing.assert_allclose(got.world.variance, expected.world.variance, rtol=1e-9)
    assert got.record["members"] == {first: 3, second: 3, third: 2}
    assert any("lacks 100 of 300 frames" in note for note in got.record["notes"])
    assert error_3d(few, got.world.points) < error_3d(few, few.truth.rig.triangulate(points_of(few)[0]))


def test_a_camera_with_one_member_is_neither_trusted_blindly_nor_ignored(few):
    first, *others = few.truth.rig.names
    lone = {first: few.members[first][:1], **{name: few.members[name] for name in others}}
    for robust in (True, False):
        options = Options(s=2.0, robust=robust)
        without = smooth({name: few.members[name] for name in others}, few.truth.rig, options)
        with_it = smooth(lone, few.truth.rig, options)
        assert error_3d(few, with_it.world.points) < error_3d(few, without.world.points)


def test_members_that_lack_keypoints_are_named(few):
    third = few.truth.rig.names[2]
    other = few.members[third][1].select(few.members[third][1].names[:3])
    members = {**few.members, third: [few.members[third][0], other]}
    with pytest.raises(DataError, match=f"(?s){third}, member 1 lacks the keypoints"):
        smooth(members, few.truth.rig)


def test_a_camera_that_is_not_calibrated_is_named(few):
    renamed = dict(zip(("one", *few.truth.rig.names[1:]), few.members.values(), strict=True))
    with pytest.raises(CalibrationError, match="'one'"):
        smooth(renamed, few.truth.rig)


def test_s_of_another_length_than_the_keypoints_is_refused(few):
    with pytest.raises(DataError, match="one for each of the 4 keypoints"):
        smooth(few.members, few.truth.rig, Options(s=[1.0, 2.0]))


def test_blocks_share_their_s(few):
    result = smooth(few.members, few.truth.rig, Options(blocks=((0, 2),)))
    assert result.smoothed.s[0] == result.smoothed.s[2]
    assert result.smoothed.s[1] != result.smoothed.s[3]


def test_a_fisheye_rig_smooths_as_well(few):
    rig: Rig = few.truth.rig
    fish = rig.camera._replace(
        distortion=np.tile([0.05, -0.01, 0.002, 0.0] + [0.0] * 8, (3, 1)), fisheye=np.ones(3, dtype=bool)
    )
    rig = dataclasses.replace(rig, camera=fish)
    seen = project_views(few.truth.poses.points[:, :4], fish)
    noise = np.random.default_rng(1).normal(0, 1.0, (3, *seen.shape))
    names = few.members[rig.names[0]][0].names
    members = {
        camera: [Poses(names, seen[v] + noise[m, v], np.arange(len(seen[v]))) for m in range(3)]
        for v, camera in enumerate(rig.names)
    }
    result = smooth(members, rig)
    median = np.median(seen + noise, axis=0)
    assert error_3d(few, result.world.points) < 0.9 * error_3d(few, rig.triangulate(median))

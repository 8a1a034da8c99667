"""Poses and views that labels do not span cost their distance; what is fitted travels in the checkpoint."""

import numpy as np
import pytest
import torch
from torch import nn

from lightning_pose.core.camera import Camera, make_camera, project_views
from lightning_pose.core.errors import ConfigError, DataError
from lightning_pose.core.rotations import look_at
from lightning_pose.core.tables import read_labels
from lightning_pose.data.batch import Outputs, Truth
from lightning_pose.losses.pca import (
    PCALoss,
    Tolerance,
    _rows,
    empirical_epsilon,
    load_pca,
    pca_multiview,
    pca_singleview,
)

NAMES = ("nose", "ear", "neck", "back", "tail")
EXACT = Tolerance(epsilon=0)


def loss_of(loss: PCALoss, xy: torch.Tensor, **truth: object) -> torch.Tensor:
    return loss(Outputs(xy_frame=xy), Truth(**truth))  # type: ignore[typeddict-item]


@pytest.fixture
def poses(rng) -> torch.Tensor:
    """120 labels "N 2 K 2" that three numbers decide up to 0.5 px, in two views."""
    mix = rng.normal(size=(3, 2 * len(NAMES) * 2)) * 30
    xy = rng.normal(size=(120, 3)) @ mix + rng.uniform(100, 400, mix.shape[1])
    return torch.tensor(xy + rng.normal(0, 0.5, xy.shape)).reshape(120, 2, len(NAMES), 2)


@pytest.fixture
def scene(rng) -> tuple[torch.Tensor, np.ndarray]:
    """Labels "N V K 2" of points before four far cameras, which see them nearly in parallel, and the rig."""
    angles = np.linspace(0, 2, 4)
    views = np.stack([[[np.cos(a), np.sin(a), 0.2], [0.1, np.sin(2 * a), 1]] for a in angles])
    points = rng.uniform(-50, 50, (60, len(NAMES), 3))
    return torch.tensor(np.einsum("vij,nkj->nvki", views, points) + 200), views


def distance_from_subspace(rows: np.ndarray, labels: np.ndarray, n: int) -> np.ndarray:
    """Return the distance per point of rows from the first components of labels, by numpy's decomposition."""
    mean = labels.mean(0)
    basis = np.linalg.svd(labels - mean, full_matrices=False)[2][:n]
    off = rows - mean
    return np.linalg.norm((off - off @ basis.T @ basis).reshape(len(rows), -1, 2), axis=-1)


def test_singleview_errors_are_distances_from_the_components_of_each_view(poses, rng):
    loss = pca_singleview(poses, NAMES, components=3, tolerance=EXACT)
    other = poses + torch.tensor(rng.normal(0, 20, poses.shape))
    found = loss.errors(other).numpy()
    for view in range(2):
        flat = [part[:, view].flatten(1).numpy() for part in (other, poses)]
        np.testing.assert_allclose(found[:, view], distance_from_subspace(*flat, 3), atol=1e-9)
    assert float(loss_of(loss, other)) == pytest.approx(found.mean())


def test_a_share_of_variance_finds_the_dimensions_of_the_poses(poses):
    loss = pca_singleview(poses, NAMES, components=0.99)
    assert loss.basis.shape == (2, 3, 2 * len(NAMES))
    assert float(loss.errors(poses).mean()) < 1


def test_keypoints_that_take_no_part_have_no_error(poses):
    loss = pca_singleview(poses, NAMES, columns=[0, 3, 4], components=2, tolerance=EXACT)
    found = loss.errors(poses)
    assert torch.isfinite(found[:, :, [0, 3, 4]]).all()
    assert torch.isnan(found[:, :, [1, 2]]).all()


@pytest.mark.parametrize("centering", ["mean", "median"])
def test_centred_poses_may_be_anywhere(poses, centering, rng):
    loss = pca_singleview(poses, NAMES, components=3, centering=centering, tolerance=EXACT)
    moved = poses + torch.tensor(rng.uniform(-900, 900, (120, 2, 1, 2)))
    torch.testing.assert_close(loss.errors(moved), loss.errors(poses))


def test_the_median_centres_to_what_the_reference_says():
    xy = torch.tensor([0.0, 1, 1, 2, 2, 3]).reshape(1, 1, 3, 2)
    places = torch.tensor([[[(0, k) for k in range(3)]]])
    rows, _ = _rows(xy, places, "median")
    assert rows.flatten().tolist() == [-1, -1, 0, 0, 1, 1]


def test_what_parallel_cameras_see_lies_in_three_dimensions(scene):
    xy, _ = scene
    loss = pca_multiview(xy, NAMES, tolerance=EXACT)
    assert float(loss_of(loss, xy)) < 1e-10
    moved = xy.clone()
    moved[5, 2, 1] += torch.tensor([30.0, -40.0])
    errors = loss.errors(moved)
    assert int(errors[5, :, 1].argmax()) == 2
    assert 10 < float(errors[5, 2, 1]) <= 50
    errors[5, :, 1] = 0
    assert float(errors.max()) < 1e-10


def test_multiview_errors_are_distances_from_the_components_of_all_keypoints(scene, rng):
    xy = scene[0] + torch.tensor(rng.normal(0, 3, scene[0].shape))
    loss = pca_multiview(xy, NAMES, matches=[4, 1], tolerance=EXACT)
    flat = xy[:, :, [4, 1]].transpose(1, 2).flatten(0, 1).flatten(1).numpy()
    expected = distance_from_subspace(flat, flat, 3).reshape(60, 2, 4).transpose(0, 2, 1)
    np.testing.assert_allclose(loss.errors(xy)[:, :, [4, 1]], expected, atol=1e-9)


def test_mirrors_in_one_image_are_views(scene, rng):
    xy = scene[0] + torch.tensor(rng.normal(0, 3, scene[0].shape))
    names = [f"{name}_{view}" for view in range(4) for name in NAMES]
    mirrored = xy.flatten(1, 2)[:, None]
    matches = [[view * 5 + k for k in range(5)] for view in range(4)]
    found = pca_multiview(mirrored, names, matches=matches, tolerance=EXACT).errors(mirrored)
    torch.testing.assert_close(found.reshape(60, 4, 5), pca_multiview(xy, NAMES, tolerance=EXACT).errors(xy))


def test_a_view_that_is_left_out_leaves_the_others_to_be_compared(scene):
    xy, _ = scene
    loss = pca_multiview(xy, NAMES, tolerance=EXACT)
    kept = xy[:, [0, 3, 1]].clone()
    assert float(loss_of(loss, kept, views=[0, 3, 1])) < 1e-9
    kept[:, 1] += 40
    assert float(loss_of(loss, kept, views=[0, 3, 1])) > 1
    assert float(loss_of(loss, kept[:, :1], views=[0])) == 0  # two numbers cannot contradict three


def test_labels_with_gaps_find_the_same_subspace(scene):
    xy, _ = scene
    gaps = xy.clone()
    gaps[::7, 1] = torch.nan
    gaps[3::11, 2, 4] = torch.nan
    found = pca_multiview(gaps, NAMES, tolerance=EXACT)
    # pairwise means differ a little from row to row, and so does the subspace
    assert float(found.errors(xy).nanmean()) < 0.02 * float(xy.std())
    assert torch.isnan(found.errors(gaps)[0, 1]).all()
    assert torch.isfinite(found.errors(gaps)[0, [0, 2, 3]]).all()


@pytest.mark.parametrize("gap", [False, True])
def test_a_percentile_is_taken_over_what_is_known(gap: bool):
    errors = torch.arange(101.0)
    if gap:
        errors = torch.cat([torch.full((30,), torch.nan), errors])
    assert empirical_epsilon(errors, Tolerance(percentile=90)) == pytest.approx(90)
    assert empirical_epsilon(errors, Tolerance(percentile=90, multiplier=2)) == pytest.approx(180)


def test_the_labels_themselves_cost_next_to_nothing(poses):
    loss = pca_singleview(poses, NAMES, components=3)
    errors = loss.errors(poses)
    assert float(loss.epsilon) == pytest.approx(float(np.percentile(errors.numpy(), 99)))
    assert 0 < float(loss_of(loss, poses)) < 0.01 * float(errors.mean())
    assert float(pca_singleview(poses, NAMES, components=3, tolerance=Tolerance(7.5)).epsilon) == 7.5


def test_the_gradient_leads_to_the_subspace(poses):
    loss = pca_singleview(poses, NAMES, components=3, tolerance=EXACT)
    xy = (poses + 15 * torch.randn(poses.shape, generator=torch.Generator().manual_seed(0))).requires_grad_()
    before = loss_of(loss, xy)
    (gradient,) = torch.autograd.grad(before, xy)
    after = loss_of(loss, xy.detach() - 8 * xy[..., 0].numel() * gradient)
    assert float(after) < 0.7 * float(before.detach())


@pytest.mark.parametrize("centering", [None, "mean", "median"])
@pytest.mark.parametrize("missing", ["some", "all"])
def test_missing_points_leave_the_gradient_finite(missing: str, centering, poses):
    loss = pca_singleview(poses, NAMES, components=2, centering=centering, tolerance=EXACT)
    xy = poses.clone()
    xy[:, :, slice(None) if missing == "all" else 1] = torch.nan
    xy[0] = torch.nan
    xy.requires_grad_()
    found = loss_of(loss, xy)
    found.backward()
    assert xy.grad is not None and torch.isfinite(xy.grad).all()
    assert (float(found.detach()) == 0) == (missing == "all")


def test_what_was_fitted_comes_out_of_a_checkpoint(poses, scene, tmp_path):
    task = nn.Module()
    fitted = {
        "pca_singleview": pca_singleview(poses, NAMES, components=3, centering="median"),
        "pca_multiview": pca_multiview(scene[0], NAMES, tolerance=Tolerance(2.0)),
    }
    task.fitted = nn.ModuleDict(fitted)
    torch.save(task.state_dict(), tmp_path / "last.ckpt")
    found = load_pca(torch.load(tmp_path / "last.ckpt", weights_only=True))
    assert set(found) == set(fitted)
    for name, xy in (("pca_singleview", poses + 9), ("pca_multiview", scene[0] * 1.1)):
        torch.testing.assert_close(found[name].errors(xy), fitted[name].errors(xy), rtol=0, atol=0)
        assert float(loss_of(found[name], xy)) == float(loss_of(fitted[name], xy))


def test_too_few_labels_are_refused(poses):
    with pytest.raises(DataError, match=r"expected at least as many .* 10; the training labels give 9\. "):
        pca_singleview(poses[:9], NAMES)
    pca_singleview(poses[:10], NAMES, components=3)
    never = poses.clone()
    never[:, 0, 2] = torch.nan
    with pytest.raises(DataError, match="labeled together in two rows or more, which does not hold of"):
        pca_singleview(never, NAMES)
    apart = poses.clone()
    apart[:60, 0], apart[60:, 1] = torch.nan, torch.nan
    with pytest.raises(DataError, match="does not hold of view 1, view 2: leave keypoints"):
        pca_multiview(apart, NAMES)
    short = poses.clone()
    for row in range(120):
        short[row, :, [row % 5, (row + 1) % 5]] = torch.nan
    with pytest.raises(DataError, match=r"give losses.pca_singleview.epsilon in pixels"):
        pca_singleview(short, NAMES, components=8)


def test_options_that_cannot_be_are_refused(poses):
    one = poses[:, :1]
    with pytest.raises(ConfigError, match=r"a list for every mirrored view.* with 1 views; got None"):
        pca_multiview(one, NAMES)
    with pytest.raises(ConfigError, match=r"expected one list of keypoints, or null for all, with 2 views"):
        pca_multiview(poses, NAMES, matches=[[0, 1], [2, 3]])
    with pytest.raises(ConfigError, match="two lists or more, all of one length"):
        pca_multiview(one, NAMES, matches=[[0, 1], [2]])
    with pytest.raises(ConfigError, match=r"columns_for_singleview_pca: .*0 to 4, each once; got 2, 9"):
        pca_singleview(poses, NAMES, columns=[2, 9, 2])
    with pytest.raises(ConfigError, match=r"expected 1 to 9 components of 10 numbers; 1.0 keeps 10"):
        pca_singleview(poses, NAMES, components=1.0)


def test_real_lenses_bend_the_subspace_by_less_than_the_tolerance(rng):
    """Four cameras as near as they are in a laboratory: errors of true points stay in their percentile."""
    eyes = 600 * np.array([[1.0, 0, 0.5], [0, 1, 0.5], [-1, 0, 0.6], [0, -1, 0.7]])
    cameras = []
    for eye in eyes:
        rotation, translation = look_at(eye, np.zeros(3), np.array([0.0, 0, 1]))
        matrix = np.array([[900.0, 0, 320], [0, 900, 240], [0, 0, 1]])
        cameras.append(make_camera(matrix, [-0.1, 0.02, 0, 0, 0], rotation, translation))
    camera = Camera(*(np.stack(field) for field in zip(*cameras, strict=True)))
    points = rng.uniform(-80, 80, (200, len(NAMES), 3))
    xy = torch.tensor(project_views(points, camera)).transpose(0, 1)
    loss = pca_multiview(xy[:100], NAMES)
    assert float((loss.errors(xy[100:]) < loss.epsilon).double().mean()) > 0.97
    wrong = xy[100:] + torch.tensor(rng.normal(0, 60, xy[100:].shape))
    assert float(loss_of(loss, wrong)) > 50 * float(loss_of(loss, xy[100:]))


@pytest.mark.realdata
def test_paws_swapped_in_the_mirror_of_a_real_mouse_are_seen(real_data):
    """A camera and a mirror show seven body parts twice. Every other labeled frame is fitted."""
    labels = read_labels(real_data / "mirror-mouse" / "CollectedData.csv")
    xy = torch.from_numpy(labels.points)[:, None]
    loss = pca_multiview(xy[::2], labels.names, matches=[list(range(7)), list(range(8, 15))])
    true = loss.errors(xy[1::2])
    assert float(true.nanmedian()) < 4
    assert float((true[torch.isfinite(true)] < loss.epsilon).double().mean()) > 0.97
    hind = [labels.names.index(f"{paw}_top") for paw in ("paw1LH", "paw4RH")]
    swapped = xy[1::2].clone()
    swapped[:, :, hind] = swapped[:, :, hind[::-1]]
    assert float(loss.errors(swapped)[:, :, hind].nanmedian()) > 2 * float(loss.epsilon)

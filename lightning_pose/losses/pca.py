"""Principal components of the labels: poses far from what labels span are not poses of this animal.

Two losses share a module. *Single-view*: all keypoints of an image are one row of 2K numbers, and bodies bend
in fewer ways. *Multi-view*: one keypoint in V views (cameras, or mirrors in one image) is one row of 2V
numbers, which its three coordinates in the world decide, nearly linearly. Both are fitted once, to the labels
of the training set in pixels of the images on disk, and travel in the checkpoint.

Source: Biderman et al. 2024, Lightning Pose, Nature Methods 21, "Pose PCA loss", "Multi-view PCA loss".
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from lightning_pose.core.errors import ConfigError, DataError
from lightning_pose.data.batch import Outputs, Truth
from lightning_pose.losses.components import count_components, principal_components, scores_of

Centering = Literal["mean", "median"] | None
CENTERINGS: tuple[Centering, ...] = (None, "mean", "median")
BUFFERS = ("places", "mean", "basis", "epsilon", "centering")


class Tolerance(NamedTuple):
    """Distance (px) from the subspace that costs nothing.

    Attributes:
        epsilon: the distance; None takes it from the labels.
        percentile: of the labels' own distances.
        multiplier: of that percentile.
    """

    epsilon: float | None = None
    percentile: float = 99.0
    multiplier: float = 1.0


EMPIRICAL = Tolerance()


class _Space(NamedTuple):
    """What is fitted: see `PCALoss`."""

    name: str
    places: Int[Tensor, "G R P 2"]
    components: float
    advice: str  # for labels that are too few
    centering: Centering = None


class PCALoss(nn.Module):
    """The mean of relu(|x - x'| - epsilon) over all points x, with x' of the nearest pose in the subspace.

    `places` forms rows of P points, R to an instant; there are G subspaces, one for every view or one for
    all. Where a point is missing (NaN), the nearest pose is that of the others in its row. A row with no more
    numbers than the subspace has dimensions says nothing and counts for nothing.

    Attributes:
        places: view and keypoint of every point (G R P 2).
        mean: of the rows (G D), D = 2P.
        basis: of the subspaces (G C D), rows orthonormal; zero rows fill up subspaces of fewer dimensions.
        epsilon: px.
        centering: index into `CENTERINGS`: what is taken off all points of a row before.
    """

    places: Int[Tensor, "G R P 2"]
    mean: Float[Tensor, "G D"]
    basis: Float[Tensor, "G C D"]
    epsilon: Float[Tensor, ""]
    centering: Int[Tensor, ""]

    def __init__(self, buffers: Mapping[str, Tensor]) -> None:
        """Take up the buffers; `pca_singleview` and `pca_multiview` fit them, `load_pca` reads them."""
        super().__init__()
        for name in BUFFERS:
            self.register_buffer(name, buffers[name])
        self.n_views = int(self.places[..., 0].max()) + 1

    def forward(self, outputs: Outputs, truth: Truth) -> Float[Tensor, ""]:
        """Return the loss; 0 where no row says anything."""
        xy, views = outputs["xy_frame"], truth.get("views")
        if views is not None:
            whole = xy.new_full((len(xy), self.n_views, *xy.shape[2:]), torch.nan)
            whole[:, views] = xy
            xy = whole
        distance, known = self._distances(xy)
        beyond = torch.relu(distance - self.epsilon) * known
        return beyond.sum() / known.sum().clamp_min(1)

    def errors(self, xy: Float[Tensor, "N V K 2"]) -> Float[Tensor, "N V K"]:
        """Return the distance (px) of poses from the subspace; NaN for keypoints that are not part of it."""
        distance, known = self._distances(xy)
        found = torch.full(xy.shape[:3], torch.nan, dtype=distance.dtype, device=xy.device)
        found[:, self.places[..., 0], self.places[..., 1]] = torch.where(known, distance, torch.nan)
        return found

    def _distances(
        self, xy: Float[Tensor, "N V K 2"]
    ) -> tuple[Float[Tensor, "N G R P"], Bool[Tensor, "N G R P"]]:
        """Return the distance of every point from the nearest pose, and where there is one."""
        rows, known = _rows(xy.to(self.mean), self.places, CENTERINGS[int(self.centering)])
        there = known.repeat_interleave(2, dim=-1)  # as the numbers x, y, x, y ... are
        off = torch.where(there, rows.flatten(-2) - self.mean[:, None], 0.0)
        enough = there.sum(dim=-1) > (self.basis.square().sum(dim=-1) > 0).sum(dim=-1)[:, None]
        scores = scores_of(off, there.to(off), self.basis[:, None])
        residual = off - (scores[..., None, :] @ self.basis[:, None])[..., 0, :]
        known = known & enough[..., None]
        pairs = torch.where(known[..., None], residual.unflatten(-1, (-1, 2)), 0.0)
        return torch.linalg.vector_norm(pairs, dim=-1), known


def pca_singleview(
    xy: Float[Tensor, "N V K 2"],
    names: Sequence[str],
    *,
    columns: Sequence[int] | None = None,
    components: float = 0.99,
    centering: Centering = None,
    tolerance: Tolerance = EMPIRICAL,
) -> PCALoss:
    """Fit the subspace of whole poses, one for every view.

    Args:
        xy: labels of the training set, in pixels of the images on disk, NaN where missing.
        names: of the keypoints.
        columns: keypoints that take part; all by default.
        components: how many (a whole number), or the share of variance that they explain.
        centering: take the mean or the median of an image's keypoints off first.
        tolerance: see there.

    Raises:
        ConfigError: when `columns` or `components` cannot be.
        DataError: when the labels are too few.
    """
    chosen = list(range(len(names))) if columns is None else list(columns)
    _check_columns("data.columns_for_singleview_pca", chosen, len(names))
    places = torch.tensor([[[(view, column) for column in chosen]] for view in range(xy.shape[1])])
    advice = "choose fewer keypoints in data.columns_for_singleview_pca"
    return _fit(xy, names, _Space("pca_singleview", places, components, advice, centering), tolerance)


def pca_multiview(
    xy: Float[Tensor, "N V K 2"],
    names: Sequence[str],
    *,
    matches: Sequence[int] | Sequence[Sequence[int]] | None = None,
    components: int = 3,
    tolerance: Tolerance = EMPIRICAL,
) -> PCALoss:
    """Fit the subspace of one keypoint in all views, the same for all keypoints.

    Args:
        xy: as in `pca_singleview`.
        names: of the keypoints.
        matches: with several cameras, the keypoints that take part, all by default; with mirrors in the image
            of one, for every mirrored view the keypoints in it, in the same order of body parts.
        components: 3, the coordinates of a point in the world.
        tolerance: see `Tolerance`.

    Raises:
        ConfigError: when `matches` does not fit the views.
        DataError: when the labels are too few.
    """
    key, n_views = "data.mirrored_column_matches", xy.shape[1]
    mirrored = matches is not None and len(matches) > 0 and isinstance(matches[0], Sequence)
    if mirrored != (n_views == 1):
        wanted = (
            "a list for every mirrored view, [[0, 1], [2, 3]]"
            if n_views == 1
            else "one list of keypoints, or null for all"
        )
        raise ConfigError(f"pca_multiview: {key}: expected {wanted}, with {n_views} views; got {matches}")
    if mirrored:
        lists = [[int(k) for k in view] for view in matches or []]  # type: ignore[union-attr]
        if len(lists) < 2 or len({len(view) for view in lists}) > 1:
            raise ConfigError(f"{key}: expected two lists or more, all of one length, got {matches}")
        _check_columns(key, [k for view in lists for k in view], len(names))
        places = [[[(0, k) for k in part] for part in zip(*lists, strict=True)]]
    else:
        chosen = list(range(len(names))) if matches is None else [int(k) for k in matches]  # type: ignore[arg-type]
        _check_columns(key, chosen, len(names))
        places = [[[(view, k) for view in range(n_views)] for k in chosen]]
    advice = f"leave keypoints that are seldom seen out of {key}"
    return _fit(xy, names, _Space("pca_multiview", torch.tensor(places), components, advice), tolerance)


def load_pca(state: Mapping[str, Tensor]) -> dict[str, PCALoss]:
    """Return the fitted losses that a checkpoint's weights hold, by name; nothing is fitted again."""
    prefix = "fitted."
    names = {key.split(".")[1] for key in state if key.startswith(f"{prefix}pca_")}
    return {
        name: PCALoss({part: state[f"{prefix}{name}.{part}"] for part in BUFFERS}) for name in sorted(names)
    }


def empirical_epsilon(errors: Float[Tensor, "*N"], tolerance: Tolerance) -> float:
    """Return the tolerance (px) that the labels' own errors give, NaN left out."""
    known = errors[torch.isfinite(errors)]
    return float(torch.quantile(known, tolerance.percentile / 100)) * tolerance.multiplier


def _fit(xy: Float[Tensor, "N V K 2"], names: Sequence[str], space: _Space, tolerance: Tolerance) -> PCALoss:
    """Fit the subspaces of rows, and the tolerance where it is not given.

    Raises:
        ConfigError: when there cannot be so many components.
        DataError: when the labels are too few.
    """
    rows, _ = _rows(xy.double(), space.places, space.centering)
    groups = rows.flatten(-2).transpose(0, 1).flatten(1, 2)  # (G N*R D)
    found = []
    for group, places in zip(groups, space.places, strict=True):
        _check_rows(group, names, space, places)
        fitted = principal_components(group)
        count = count_components(fitted.variance, space.components)
        if not 1 <= count < group.shape[1]:
            raise ConfigError(
                f"losses.{space.name}.components_to_keep: expected 1 to {group.shape[1] - 1} components of "
                f"{group.shape[1]} numbers; {space.components} keeps {count}, which tells no poses apart"
            )
        found.append((fitted.mean, fitted.axes[:count]))
    basis = torch.zeros(len(found), max(len(axes) for _, axes in found), groups.shape[-1], dtype=torch.double)
    for group, (_, axes) in zip(basis, found, strict=True):
        group[: len(axes)] = axes
    mean = torch.stack([mean for mean, _ in found])
    epsilon = torch.tensor(tolerance.epsilon or 0.0, dtype=torch.double)
    centering = torch.tensor(CENTERINGS.index(space.centering))
    loss = PCALoss(dict(zip(BUFFERS, (space.places, mean, basis, epsilon, centering), strict=True)))
    if tolerance.epsilon is None:
        errors = loss.errors(xy)
        if not torch.isfinite(errors).any():
            raise DataError(
                f"{space.name}: no row of the labels is complete enough to be held to its {basis.shape[1]} "
                f"components: give losses.{space.name}.epsilon in pixels, or {space.advice}"
            )
        epsilon.fill_(empirical_epsilon(errors, tolerance))
    return loss


def _rows(
    xy: Float[Tensor, "N V K 2"], places: Int[Tensor, "G R P 2"], centering: Centering
) -> tuple[Float[Tensor, "N G R P 2"], Bool[Tensor, "N G R P"]]:
    """Return the points of every row, centred, and which are there; those that are not hold NaN."""
    points = xy[:, places[..., 0], places[..., 1]]
    known = torch.isfinite(points).all(dim=-1)
    points = torch.where(known[..., None], points, torch.nan)
    if centering is not None:
        # a row without any point has no middle: zeros keep it from making NaN in a gradient
        filled = torch.where(known.any(dim=-1)[..., None, None], points, 0.0)
        middle = filled.nanmean(dim=-2) if centering == "mean" else filled.nanquantile(0.5, dim=-2)
        points = points - middle[..., None, :]
    return points, known


def _check_columns(key: str, columns: Sequence[int], n_keypoints: int) -> None:
    """Refuse numbers that are no keypoints, or one twice.

    Raises:
        ConfigError: naming them.
    """
    wrong = sorted({k for k in columns if not 0 <= k < n_keypoints or list(columns).count(k) > 1})
    if wrong or not columns:
        raise ConfigError(
            f"{key}: expected numbers of keypoints, 0 to {n_keypoints - 1}, each once; got "
            f"{', '.join(map(str, wrong)) if columns else 'none'}"
        )


def _check_rows(
    rows: Float[Tensor, "N D"], names: Sequence[str], space: _Space, places: Int[Tensor, "R P 2"]
) -> None:
    """Refuse labels that do not decide the covariance of their numbers.

    Raises:
        DataError: with what is lacking.
    """
    known = torch.isfinite(rows)
    n_rows, n_columns = int(known.any(dim=1).sum()), rows.shape[1]
    if n_rows < n_columns:
        raise DataError(
            f"{space.name}: expected at least as many labeled rows as numbers in a row, {n_columns}; the "
            f"training labels give {n_rows}. Label more frames, {space.advice}, or take {space.name} out of "
            "model.losses_to_use"
        )
    points = known[:, ::2].double()
    apart = torch.triu(points.T @ points < 2).nonzero().flatten().tolist()
    if apart:
        columns = enumerate(places[0, :, 1].tolist())
        named = [names[k] if len(places) == 1 else f"view {place + 1}" for place, k in columns]
        lacking = ", ".join(dict.fromkeys(named[place] for place in apart))
        raise DataError(
            f"{space.name}: expected every two points of a row to be labeled together in two rows or more, "
            f"which does not hold of {lacking}: {space.advice}"
        )

"""What all views mistake alike: errors that leave no residual, estimated from how members differ.

Networks read the same posture from every side, so that the errors of one network in several views agree with
a displacement of the point itself. Residuals are blind to it. But two members that differ show it: with the
whitened deviations d of a member from the mean of the members, stacked over views, and the whitened Jacobian
J of the D numbers of a state,

    kappa = [d' P d / D] / [d' (1 - P) d / (2V - D)],    P = J (J'J)^-1 J',

compares the power of the deviations in the directions in which a state moves with that in the directions in
which none does. Where views err independently it is 1. What the members have in common is taken to be of the
same kind as what they have apart, so the variance of a state is kappa times what residuals say.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from eks.ensemble import Members, collect
from eks.observe import Emission
from eks.states import MAD, solve_frames

FAR = 4.0  # deviations that are gross errors
FEW = 200.0  # frames that speak for a keypoint being like all others
MOST = 4.0
LEAST_FRAMES = 50


def common_error(
    emission: Emission, members: Members, spans: Sequence[tuple[int, int]]
) -> Float[np.ndarray, "K"] | None:
    """Return kappa of every keypoint, from 1 to `MOST`; None where too little is seen by two members.

    Args:
        emission: how states become pixels.
        members: of the ensemble.
        spans: frames to look at, half-open.
    """
    points = np.concatenate([members.points[:, :, slice(*span)] for span in spans], axis=2)
    views, n_keypoints = points.shape[1], points.shape[3]
    if not np.isfinite(points).any():
        return None
    _, rows, front = emission.linearise(solve_frames(emission, collect(points, None, members.average)))
    size = len(rows[0])
    jacobian = np.stack([np.stack(np.broadcast_arrays(*row), axis=-1) for row in rows], axis=-2)
    jacobian = np.broadcast_to(jacobian, (*points.shape[1:], size))
    there = np.isfinite(points).all((1, 4)) & np.isfinite(jacobian).all((0, 3, 4)) & front.all(0)
    along, across, frames = np.zeros((3, n_keypoints))
    for k in range(n_keypoints):
        seen = there[:, :, k].sum(0) > 1
        if seen.sum() >= LEAST_FRAMES and 2 * views > size:
            own = np.where(there[:, None, seen, k, None], points[:, :, seen, k], np.nan)
            along[k], across[k], frames[k] = _powers(own, jacobian[:, seen, k])
    if not frames.any():
        return None
    pooled, weight = along.sum() / across.sum(), FEW * across.sum() / frames.sum()
    return np.clip((along + weight * pooled) / (across + weight), 1.0, MOST)


def _powers(
    points: Float[np.ndarray, "M V N 2"], jacobian: Float[np.ndarray, "V N 2 D"]
) -> tuple[float, float, int]:
    """Return the squares of whitened deviations along and across a state's directions, and the frames."""
    away = points - np.nanmean(points, axis=0)
    scale = MAD * np.nanmedian(np.abs(away), axis=(0, 2, 3))
    scale = np.maximum(scale, 1e-9)[:, None, None]
    away = np.where(np.isfinite(away), away, 0.0) / scale
    near = (np.abs(away) < FAR).all((0, 1, 3))
    size, width = jacobian.shape[-1], 2 * len(jacobian)
    basis, _ = np.linalg.qr(np.moveaxis(jacobian[:, near] / scale[..., None], 0, 1).reshape(-1, width, size))
    d = np.moveaxis(away[:, :, near], 1, 2).reshape(len(points), -1, width)
    inside = (np.einsum("nid,mni->mnd", basis, d) ** 2).sum()
    return inside / size, ((d**2).sum() - inside) / (width - size), int(near.sum())

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
from jaxtyping import Bool, Float

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
    if len(points) < 2 or not np.isfinite(points).any():
        return None
    _, rows, front = emission.linearise(solve_frames(emission, collect(points, None, members.average)))
    jacobian = np.stack([np.stack(np.broadcast_arrays(*row), axis=-1) for row in rows], axis=-2)
    jacobian = np.broadcast_to(jacobian, (*points.shape[1:], len(rows[0])))
    there = np.isfinite(points).all((0, 4)) & np.isfinite(jacobian).all((3, 4)) & front
    along, across, frames = np.array(
        [_powers(points[:, :, :, k], jacobian[:, :, k], there[:, :, k]) for k in range(points.shape[3])]
    ).T
    if not frames.any():
        return None
    pooled, weight = along.sum() / across.sum(), FEW * across.sum() / frames.sum()
    return np.clip((along + weight * pooled) / (across + weight), 1.0, MOST)


def _powers(
    points: Float[np.ndarray, "M V T 2"],
    jacobian: Float[np.ndarray, "V T 2 D"],
    there: Bool[np.ndarray, "V T"],
) -> tuple[float, float, int]:
    """Return the squares of whitened deviations along and across a state's directions, and the frames.

    A view counts in a frame if all members see it there; they are as many per direction as there are members.
    """
    size = jacobian.shape[-1]
    frames = 2 * there.sum(0) > size
    if frames.sum() < LEAST_FRAMES:
        return 0.0, 0.0, 0
    there, jacobian = there[:, frames], jacobian[:, frames]
    away = np.where(there[..., None], points[:, :, frames], 0.0)
    away = away - away.mean(0)
    scale = np.array(
        [
            np.median(np.abs(view[:, seen])) if seen.any() else 1.0
            for view, seen in zip(away.swapaxes(0, 1), there, strict=True)
        ]
    )
    scale = MAD * np.maximum(scale, 1e-9)[:, None, None]
    away = away / scale
    near = (np.abs(away) < FAR).all((0, 1, 3))
    slopes = np.where(there[..., None, None], jacobian / scale[..., None], 0.0)[:, near]
    basis, _ = np.linalg.qr(np.moveaxis(slopes, 0, 1).reshape(int(near.sum()), -1, size))
    d = np.moveaxis(away[:, :, near], 1, 2).reshape(len(points), int(near.sum()), -1)
    inside = (np.einsum("nid,mni->mnd", basis, d) ** 2).sum()
    spare = np.mean(2 * there[:, near].sum(0) - size)
    return inside / size, ((d**2).sum() - inside) / spare, int(near.sum())

"""The smoother's sweeps compiled by JAX, where a recording is long enough to pay for the compilation.

numpy runs the same lines; on two cores it is as fast as JAX up to some hundred thousand cells (frames times
keypoints), because compiling takes seconds. JAX computes in double precision here, without a global switch.
"""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec

import numpy as np
from jaxtyping import Float

from eks.kalman import Gaussian, Motion, Potentials, smooth

JAX_FROM = 1_000_000  # cells; below, compiling costs more than it saves
STEPS_PER_OCTAVE = 4  # of padded lengths, so that few lengths are ever compiled


def smooth_states(
    seen: Potentials, prior: Gaussian, motion: Motion, *, jax_from: int = JAX_FROM
) -> tuple[Gaussian, Float[np.ndarray, "K"]]:
    """Return what `eks.kalman.smooth` returns, by JAX if it is installed and there are `jax_from` cells."""
    if seen.constant.size < jax_from or find_spec("jax") is None:
        return smooth(seen, prior, motion)
    import jax

    n_frames = len(seen.constant)
    padded = Potentials(*(_pad(part, bucket(n_frames)) for part in seen))
    with jax.enable_x64(True):
        state, log_likelihood = _compiled()(padded, prior, motion)
        mean, covariance = (np.asarray(part)[:n_frames] for part in state)
        return Gaussian(mean, covariance), np.asarray(log_likelihood)


def bucket(n_frames: int) -> int:
    """Return the length that a recording is padded to: the next of four steps per octave."""
    octave = 2 ** max(int(np.floor(np.log2(max(n_frames, 1)))) - int(np.log2(STEPS_PER_OCTAVE)), 0)
    return -(-n_frames // octave) * octave


def _pad(part: np.ndarray, length: int) -> np.ndarray:
    """Add frames of which nothing is seen."""
    return np.concatenate([part, np.zeros((length - len(part), *part.shape[1:]))])


@cache
def _compiled() -> Callable:
    """Return the jitted smoother, made once so that its compilations are kept."""
    import jax

    return jax.jit(smooth)

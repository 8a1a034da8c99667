"""Smooth the four points of a pupil as what they are: a circle of one diameter about one centre.

State (diameter, centre x, centre y); each is pulled back to its mean, x_t = a x_{t-1} + w with w ~ N(0, v (1
- a^2)), where v is its variance over the recording. So a in (0, 1) is how smooth it is: `diameter_s`, and
`com_s` for both coordinates of the centre. Both are chosen by maximum likelihood together, by a search over a
grid that gets finer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from eks.inputs import Loaded, Member, load
from eks.kalman import Gaussian, Motion, Potentials, log_likelihood
from eks.multicam import Result, as_poses
from eks.observe import Basis, Linear, relate
from eks.pilot import fly
from eks.progress import Progress
from eks.record import describe_run
from eks.rounds import Model, Settings, iterate
from eks.smoother import Smoothed, begin, finish, watch
from eks.states import fill
from lightning_pose.core.errors import DataError

POINTS = ("pupil_top_r", "pupil_bottom_r", "pupil_right_r", "pupil_left_r")
VIEW = "image"
SIDES = {"top": (0.0, -0.5), "bottom": (0.0, 0.5), "right": (0.5, 0.0), "left": (-0.5, 0.0)}
BOUNDS = (0.001, 0.999)
GRID, ROUNDS = 7, 4


@dataclass(frozen=True)
class PupilOptions:
    """How to smooth a pupil.

    Attributes:
        diameter_s: smoothness of the diameter, in (0, 1); None tunes it.
        com_s: smoothness of the centre, in (0, 1); None tunes it.
        robust: learn the noise and gate outliers; without, the plain model remains.
        s_frames: pieces of the recording that smoothness is tuned on.
        weighted: divide the members' variance by their likelihood.
    """

    diameter_s: float | None = None
    com_s: float | None = None
    robust: bool = True
    s_frames: tuple[tuple[int, int], ...] | None = None
    weighted: bool = True


def smooth(
    members: Sequence[Member], options: PupilOptions | None = None, *, progress: Progress | None = None
) -> Result:
    """Smooth the points `pupil_top_r`, `pupil_bottom_r`, `pupil_right_r`, `pupil_left_r`.

    Raises:
        DataError: when the members do not belong together, lack a point, or a smoothness is not in (0, 1).
    """
    options = options or PupilOptions()
    for name, value in (("--diameter-s", options.diameter_s), ("--com-s", options.com_s)):
        if value is not None and not 0 < value < 1:
            raise DataError(f"{name}: expected a number between 0 and 1, got {value:g}")
    loaded = load({VIEW: members}, POINTS)
    # the four points are four "views" of one state
    ensemble = loaded.ensemble._replace(
        **{
            field: np.moveaxis(getattr(loaded.ensemble, field), 2, 0)[:, 0, :, None]
            for field in ("pixels", "spread", "likelihood", "count")
        },
        members=np.repeat(loaded.ensemble.members, len(POINTS)),
    )
    weights = np.array(
        [[[SIDES[name.split("_")[1]][i], 1.0 - i, float(i)] for i in range(2)] for name in POINTS]
    )
    emission = Linear(weights[:, None], np.zeros((4, 1, 2)))
    start = _start(ensemble.pixels)
    spread = np.maximum(start.var((0, 1)), 1e-6)
    settings = Settings(s=(1.0,), robust=options.robust, spans=options.s_frames, weighted=options.weighted)
    walk = _model(start, spread, np.full(3, 0.99))
    pilot = fly(emission, ensemble, walk, settings)
    seen = watch(ensemble, pilot, settings)
    state = begin(emission, walk, seen, settings)
    fit = relate(emission, walk.basis, seen.rows(slice(None)), state, gate=False)
    smoothness = _tune(fit.potentials, walk, spread, options)
    model = _model(start, spread, smoothness)
    ratio = np.diag(walk.basis.scale[0]) / np.diag(model.basis.scale[0])
    state = Gaussian(state.mean * ratio[:, None], state.covariance * np.outer(ratio, ratio)[..., None])
    done = iterate(emission, model, seen, state, _motion(smoothness), settings)
    smoothed = finish(emission, model, seen, done, pilot)
    return _result(loaded, smoothed, smoothness, options)


def _start(pixels: Float[np.ndarray, "4 T 1 2"]) -> Float[np.ndarray, "T 1 3"]:
    """Return diameter and centre of every frame by least squares over the points that are there, bridged."""
    top, bottom, right, left = pixels[:, :, 0]
    diameter = np.stack([bottom[:, 1] - top[:, 1], right[:, 0] - left[:, 0]])
    centre = np.stack([0.5 * (top + bottom), 0.5 * (left + right)])
    count = np.maximum(np.isfinite(diameter).sum(0), 1)
    whole = np.where(np.isfinite(diameter).any(0), np.nansum(diameter, 0) / count, np.nan)
    seen = np.asarray(np.isfinite(centre).all(-1))
    middle = np.where(seen[..., None], centre, 0.0).sum(0) / np.maximum(seen.sum(0), 1)[:, None]
    middle[~seen.any(0)] = np.nan
    return fill(np.concatenate([whole[:, None], middle], axis=-1)[:, None])


def _model(start: Float[np.ndarray, "T 1 3"], spread: np.ndarray, smoothness: np.ndarray) -> Model:
    """Return the model whose basis makes the process noise the identity: L = diag(sqrt(v (1 - a^2)))."""
    scale = np.sqrt(spread * (1 - smoothness**2))
    basis = Basis(start.mean(0), np.diag(scale)[None])
    prior = Gaussian(np.zeros((3, 1)), np.diag(spread / scale**2)[..., None])
    return Model(basis, prior, start)


def _motion(smoothness: Float[np.ndarray, "3"]) -> Motion:
    """Return x_t = a x_{t-1} + w in that basis."""
    return Motion(np.ones(1), np.diag(smoothness)[..., None])


def _tune(
    seen: Potentials, walk: Model, spread: Float[np.ndarray, "3"], options: PupilOptions
) -> Float[np.ndarray, "3"]:
    """Return the smoothness of diameter and centre of largest likelihood, where it is not given."""
    used = seen
    if options.s_frames is not None:
        rows = np.concatenate([np.arange(a, min(b, len(seen.constant))) for a, b in options.s_frames])
        used = Potentials(*(part[rows] for part in seen))
    low, high = (np.log(b / (1 - b)) for b in BOUNDS)
    centre, width = np.array([0.5 * (low + high)] * 2), 0.5 * (high - low)
    given = [options.diameter_s, options.com_s]
    scale = np.diag(walk.basis.scale[0])
    for _ in range(ROUNDS):
        axes = [
            np.array([np.log(value / (1 - value))])
            if value is not None
            else np.clip(middle + width * np.linspace(-1, 1, GRID), low, high)
            for value, middle in zip(given, centre, strict=True)
        ]
        logits = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
        a = (1 / (1 + np.exp(-logits)))[:, [0, 1, 1]].T  # (3, C)
        change = np.sqrt(spread[:, None] * (1 - a**2)) / scale[:, None]  # old basis units per new
        parts = Potentials(
            used.precision * change[:, None] * change[None],
            used.gradient * change,
            used.point / change,
            np.repeat(used.constant, a.shape[1], axis=1),
        )
        prior = Gaussian(np.zeros((3, a.shape[1])), np.eye(3)[..., None] / (1 - a**2)[:, None])
        motion = Motion(np.ones(a.shape[1]), np.eye(3)[..., None] * a[:, None])
        centre = logits[np.argmax(log_likelihood(parts, prior, motion))]
        width *= 2.5 / GRID
    return (1 / (1 + np.exp(-centre)))[[0, 1, 1]]


def _result(loaded: Loaded, smoothed: Smoothed, smoothness: np.ndarray, options: PupilOptions) -> Result:
    """Return the four points as keypoints of one view again."""
    points = Smoothed(**vars(smoothed))
    points.pixels = np.moveaxis(smoothed.pixels[..., 0, :], 0, 1)[None]
    points.variance = np.moveaxis(smoothed.variance[..., 0, :], 0, 1)[None]
    unseen = ~np.asarray(np.isfinite(loaded.ensemble.pixels).any((0, 1, 3)))
    views = {VIEW: as_poses(loaded, points, 0, unseen, options.weighted)}
    members = np.repeat(loaded.ensemble.members, len(POINTS))
    record = describe_run(smoothed, ("pupil",), POINTS, members, options, loaded.notes)
    record["keypoints"]["pupil"] |= {"diameter_s": float(smoothness[0]), "com_s": float(smoothness[1])}
    del record["keypoints"]["pupil"]["s"]
    return Result(views, None, smoothed, record)

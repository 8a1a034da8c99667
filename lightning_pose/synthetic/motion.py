"""Where the animal goes: walking, turning, rearing and looking around, as smooth functions of time."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.signal import lfilter

RATE = 120.0  # simulation steps per second; the frame rate only samples the result
LEAD = 2.0  # seconds walked before the first frame, so that it starts in the middle of life
REACH = 48.0  # mm; the animal's middle walks between points inside this radius
PIVOT = 55.0  # mm from the pelvis to the point about which the animal turns
STRIDE = 74.0  # mm that the feet travel in one gait cycle
TAIL_JOINTS = 4
_TURN = 2.0  # largest turn rate, rad/s
_RISE = 0.65  # seconds to rear up, and to come down


class Motion(NamedTuple):
    """The animal as a point with a heading, over T times.

    Attributes:
        time: s.
        pelvis: position over the ground, mm.
        heading: unwrapped, rad, anticlockwise from +x.
        bend: sideways bend of the spine from pelvis to chest, rad, positive to the left.
        rear: 0 on four legs, 1 upright.
        head_yaw: of the head against the chest, rad.
        head_pitch: upwards, rad.
        phase: gait cycles walked.
        pace: gait cycles per second.
        tail: heading of each tail segment, rad; later segments follow later.
    """

    time: Float[np.ndarray, " T"]
    pelvis: Float[np.ndarray, "T 2"]
    heading: Float[np.ndarray, " T"]
    bend: Float[np.ndarray, " T"]
    rear: Float[np.ndarray, " T"]
    head_yaw: Float[np.ndarray, " T"]
    head_pitch: Float[np.ndarray, " T"]
    phase: Float[np.ndarray, " T"]
    pace: Float[np.ndarray, " T"]
    tail: Float[np.ndarray, "T 4"]

    def at(self, time: Float[np.ndarray, " N"]) -> "Motion":
        """Return the motion at other times, linear between its own."""

        def sample(series: Float[np.ndarray, "T *rest"]) -> Float[np.ndarray, "N *rest"]:
            flat = series.reshape(len(series), -1)
            columns = [np.interp(time, self.time, flat[:, i]) for i in range(flat.shape[1])]
            return np.stack(columns, axis=-1).reshape(len(time), *series.shape[1:])

        return Motion(*(sample(series) for series in self))


def simulate_motion(duration: float, rng: np.random.Generator, *, scale: float = 1.0) -> Motion:
    """Walk for `duration` seconds in bouts of walking, pausing, looking around and rearing.

    Args:
        duration: s.
        rng: decides bouts, goals and speeds.
        scale: size of the animal; larger ones take longer strides.

    Returns:
        The motion at `RATE`, from `LEAD` seconds before time 0 on.
    """
    steps = int(np.ceil((LEAD + duration + 0.5) * RATE)) + 1
    time = np.arange(steps) / RATE - LEAD
    speed, goals, rears = _schedule(time, rng, scale)
    center, heading, velocity, turn = _walk(speed, goals, rng)
    pelvis = center - PIVOT * scale * np.stack([np.cos(heading), np.sin(heading)], axis=-1)
    bend = _smooth(np.clip(0.28 * turn, -0.55, 0.55), 0.08)
    sideways = PIVOT * scale * (np.abs(turn) + np.abs(np.gradient(bend, time)))
    pace = (np.hypot(*velocity.T) + sideways) / (STRIDE * scale)
    pace = _smooth(pace, 0.05)
    phase = rng.uniform() + np.cumsum(pace) / RATE
    look = 0.55 + 0.45 * _smooth(np.where(speed > 0, 0.0, 1.0), 0.25)
    return Motion(
        time, pelvis, heading,
        bend=bend,
        rear=rears,
        head_yaw=look * _wander(time, 0.42, rng),
        head_pitch=look * _wander(time, 0.22, rng),
        phase=phase, pace=pace, tail=_tail(heading, phase, pace, rng),
    )  # fmt: skip


def smootherstep(x: Float[np.ndarray, "*T"]) -> Float[np.ndarray, "*T"]:
    """Rise from 0 at x = 0 to 1 at x = 1, with two continuous derivatives: 6x⁵ - 15x⁴ + 10x³."""
    x = np.clip(x, 0.0, 1.0)
    return x**3 * (x * (6.0 * x - 15.0) + 10.0)


def _schedule(
    time: Float[np.ndarray, " T"], rng: np.random.Generator, scale: float
) -> tuple[Float[np.ndarray, " T"], Float[np.ndarray, "T 2"], Float[np.ndarray, " T"]]:
    """Draw the bouts: the speed wished for (mm/s), where to (mm), and how far reared up."""
    speed, goals, rear = np.zeros(len(time)), np.zeros((len(time), 2)), np.zeros(len(time))
    start, walking, upright = time[0], True, bool(rng.integers(2))
    while start < time[-1]:
        length = rng.uniform(1.2, 2.6) if walking else rng.uniform(0.7, 1.2)
        if not walking and upright:
            length = rng.uniform(1.7, 2.4)
            first, last = start + 0.3, start + length + 0.1
            rise = smootherstep((time - first) / _RISE) * smootherstep((last - time) / _RISE)
            rear = np.maximum(rear, rng.uniform(0.75, 1.0) * rise)
        inside = (time >= start) & (time < start + length)
        if walking:
            speed[inside] = rng.uniform(70.0, 150.0) * scale
        radius, angle = REACH * np.sqrt(rng.uniform()), rng.uniform(0, 2 * np.pi)
        goals[inside] = radius * np.cos(angle), radius * np.sin(angle)
        upright = upright != (not walking)  # pauses are upright in turn
        walking = not walking
        start += length
    return speed, goals, rear


def _walk(
    speed: Float[np.ndarray, " T"], goals: Float[np.ndarray, "T 2"], rng: np.random.Generator
) -> tuple[
    Float[np.ndarray, "T 2"], Float[np.ndarray, " T"], Float[np.ndarray, "T 2"], Float[np.ndarray, " T"]
]:
    """Steer towards the goals with limited, twice smoothed speed and turn rate.

    Returns:
        Middle of the animal (mm), heading (rad), velocity (mm/s) and turn rate (rad/s).
    """
    dt, tau = 1.0 / RATE, 0.11
    position = np.zeros((len(speed), 2))
    heading, turn, pace = np.zeros(len(speed)), np.zeros(len(speed)), np.zeros(len(speed))
    angle, omega, omega_in, v, v_in = rng.uniform(-np.pi, np.pi), 0.0, 0.0, 0.0, 0.0
    x, y = rng.uniform(-40.0, 40.0, 2)
    goal, former = goals[0], goals[0]
    for t, wish in enumerate(speed):
        if (goals[t] != former).any():
            goal = former = goals[t]
        dx, dy = goal[0] - x, goal[1] - y
        if np.hypot(dx, dy) < 25.0 and wish > 0:
            turned = np.arctan2(y, x) + rng.uniform(0.6, 1.4) * np.pi
            goal = 0.8 * REACH * np.array([np.cos(turned), np.sin(turned)])
        error = np.remainder(np.arctan2(dy, dx) - angle + np.pi, 2 * np.pi) - np.pi
        omega_in += dt / tau * (np.clip(2.5 * error, -_TURN, _TURN) * (wish > 0) - omega_in)
        omega += dt / tau * (omega_in - omega)
        v_in += dt / tau * (wish * max(0.15, np.cos(error)) ** 2 - v_in)
        v += dt / tau * (v_in - v)
        angle += dt * omega
        x, y = x + dt * v * np.cos(angle), y + dt * v * np.sin(angle)
        position[t], heading[t], turn[t], pace[t] = (x, y), angle, omega, v
    return position, heading, pace[:, None] * np.stack([np.cos(heading), np.sin(heading)], axis=-1), turn


def _smooth(series: Float[np.ndarray, " T"], tau: float) -> Float[np.ndarray, " T"]:
    """Low-pass a series twice with time constant `tau`, s; it starts settled on its first value."""
    keep = np.exp(-1.0 / (RATE * tau))
    for _ in range(2):
        series = np.asarray(lfilter([1 - keep], [1, -keep], series, zi=[keep * series[0]])[0])
    return series


def _wander(time: Float[np.ndarray, " T"], size: float, rng: np.random.Generator) -> Float[np.ndarray, " T"]:
    """Return a sum of three slow sines with random phases, of standard deviation near `size`."""
    rates, phases = rng.uniform(0.15, 0.9, 3), rng.uniform(0, 2 * np.pi, 3)
    waves = np.sin(2 * np.pi * rates * time[:, None] + phases)
    return size * np.sqrt(2 / 3) * waves.sum(axis=1)


def _tail(
    heading: Float[np.ndarray, " T"], phase: Float[np.ndarray, " T"], pace: Float[np.ndarray, " T"],
    rng: np.random.Generator,
) -> Float[np.ndarray, "T 4"]:  # fmt: skip
    """Let each tail segment follow the heading later than the one before, and sway with the gait."""
    curl = rng.normal(0, 0.12)
    columns, follow = [], heading
    for i in range(TAIL_JOINTS):
        follow = _smooth(follow, 0.07)
        sway = 0.09 * (i + 1) * np.sin(2 * np.pi * (phase - 0.12 * i)) * smootherstep(pace)
        columns.append(follow + sway + curl * i)
    return np.stack(columns, axis=-1)

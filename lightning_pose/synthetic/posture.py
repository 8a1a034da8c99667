"""How the body stands: the joints of the animal at every instant, by forward and inverse kinematics."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from lightning_pose.synthetic.animal import KEYPOINTS, Individual
from lightning_pose.synthetic.gait import DUTY, LEGS, Gait, plant_feet
from lightning_pose.synthetic.motion import TAIL_JOINTS, Motion, smootherstep

Vectors = Float[np.ndarray, "T 3"]
Frames = Float[np.ndarray, "T 3 3"]

# Lengths in mm of an animal of scale 1.
LUMBAR, THORAX, NECK, SKULL, SNOUT = 44.0, 42.0, 22.0, 20.0, 32.0
UPPER_ARM, FOREARM = 31.0, 31.0
THIGH, SHANK, FOOT = 30.0, 32.0, 25.0
TAIL_SEGMENT = 27.0
PELVIS_HEIGHT = 48.0
PAW_HEIGHT = 4.0
_HIP, _SHOULDER = np.array([3.0, 18.0, -8.0]), np.array([8.0, 14.0, -11.0])
_HIND_PLACE, _FRONT_PLACE = np.array([15.0, 28.0]), np.array([13.0, 17.0])
_TUCKED = np.array([27.0, 9.0, -36.0])  # front paws of an upright animal, in the chest's frame
_EAR = np.array([-3.0, 12.0, 15.0])
_LEAN = {"lumbar": 0.08, "chest": -0.14, "neck": 0.26, "head": -0.42}  # pitch of each piece on four legs, rad
_REAR = {"pelvis": 0.85, "lumbar": 1.02, "chest": 1.15, "neck": 0.8, "head": 0.75}  # added when upright, rad


class Posture(NamedTuple):
    """Joints (mm, world) and orientations (columns forward, left, up) over T times.

    Attributes:
        joints: positions by name.
        frames: orientations of the rigid pieces by name.
        keypoints: positions of `KEYPOINTS`.
        gait: what the feet do.
        rear: 0 on four legs, 1 upright.
    """

    joints: dict[str, Vectors]
    frames: dict[str, Frames]
    keypoints: Float[np.ndarray, "T K 3"]
    gait: Gait
    rear: Float[np.ndarray, " T"]


def pose_body(animal: Individual, motion: Motion, time: Float[np.ndarray, " T"]) -> Posture:
    """Put the animal's joints where its motion has it at some times (s)."""
    gait = plant_feet(motion, time, _neutral_places(animal, motion), animal.scale)
    at = motion.at(time)
    joints, frames = _spine(animal, at)
    joints |= _tail(animal, at, joints["tail_0"])
    for leg, name in enumerate(LEGS):
        limb = _front_leg if name.startswith("front") else _hind_leg
        joints |= limb(animal, at, joints, frames, gait, leg)
    return Posture(joints, frames, _keypoints(animal, joints, frames), gait, at.rear)


def _orientation(
    yaw: Float[np.ndarray, " T"], pitch: Float[np.ndarray, " T"], roll: Float[np.ndarray, " T"] | float = 0.0
) -> Frames:
    """Return frames turned about z by yaw, then pitched upwards, then rolled to the right."""
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    cr, sr = np.broadcast_arrays(np.cos(roll), np.sin(roll), yaw)[:2]
    forward = np.stack([cy * cp, sy * cp, sp], axis=-1)
    left = np.stack([-sy, cy, np.zeros_like(cy)], axis=-1)
    up = np.cross(forward, left)
    cr, sr = cr[:, None], sr[:, None]
    return np.stack([forward, left * cr + up * sr, up * cr - left * sr], axis=-1)


def _offset(frame: Frames, x: float, y: float = 0.0, z: float = 0.0) -> Vectors:
    """Return an offset given in a piece's frame as a world vector."""
    return frame @ np.array([x, y, z])


def _neutral_places(animal: Individual, motion: Motion) -> Float[np.ndarray, "S 4 2"]:
    """Return each foot's place under the standing animal, at the motion's own times, mm."""
    s, spine = animal.scale, animal.scale * animal.length

    def ahead(yaw: Float[np.ndarray, " S"]) -> Float[np.ndarray, "S 2"]:
        return np.stack([np.cos(yaw), np.sin(yaw)], axis=-1)

    mid, far = motion.heading + 0.5 * motion.bend, motion.heading + motion.bend
    chest = motion.pelvis + spine * (
        LUMBAR * np.cos(_LEAN["lumbar"]) * ahead(mid) + THORAX * np.cos(_LEAN["chest"]) * ahead(far)
    )
    places = []
    for name in LEGS:
        front = name.startswith("front")
        base, yaw = (chest, far) if front else (motion.pelvis, motion.heading)
        place = _FRONT_PLACE if front else _HIND_PLACE
        side = 1.0 if name.endswith("left") else -1.0
        places.append(base + s * (place[0] * ahead(yaw) + side * place[1] * ahead(yaw + np.pi / 2)))
    return np.stack(places, axis=1)


def _spine(animal: Individual, at: Motion) -> tuple[dict[str, Vectors], dict[str, Frames]]:
    """Chain pelvis, lumbar spine, chest, neck and head; upright animals pitch each piece further."""
    s, spine, rear = animal.scale, animal.scale * animal.length, at.rear
    active = smootherstep(at.pace / 0.5)
    sway = active * np.sin(2 * np.pi * at.phase)
    bob = active * np.sin(4 * np.pi * at.phase)
    frames = {
        "pelvis": _orientation(at.heading + 0.05 * sway, rear * _REAR["pelvis"], 0.05 * sway),
        "lumbar": _orientation(at.heading + 0.5 * at.bend, _LEAN["lumbar"] + rear * _REAR["lumbar"]),
        "chest": _orientation(at.heading + at.bend, _LEAN["chest"] + rear * _REAR["chest"], -0.04 * sway),
        "neck": _orientation(
            at.heading + 1.2 * at.bend + 0.5 * at.head_yaw,
            _LEAN["neck"] + rear * _REAR["neck"] + 0.4 * at.head_pitch,
        ),
        "head": _orientation(
            at.heading + 1.3 * at.bend + at.head_yaw, _LEAN["head"] + rear * _REAR["head"] + at.head_pitch
        ),
        "paw_front": _orientation(at.heading + at.bend, -0.5 * rear),
        "paw_hind": _orientation(at.heading, np.zeros_like(rear)),
    }
    height = s * (PELVIS_HEIGHT * (0.7 + 0.3 * animal.legs) + 1.0 * bob + 5.0 * rear)
    pelvis = np.concatenate([at.pelvis, height[:, None]], axis=1)
    lumbar = pelvis + _offset(frames["lumbar"], spine * LUMBAR)
    chest = lumbar + _offset(frames["chest"], spine * THORAX)
    neck = chest + _offset(frames["neck"], spine * NECK)
    head = neck + _offset(frames["head"], s * SKULL)
    joints = {
        "pelvis": pelvis, "lumbar": lumbar, "chest": chest, "neck": neck, "head": head,
        "nose": head + _offset(frames["head"], s * SNOUT, 0.0, -3.0 * s),
        "tail_0": pelvis + _offset(frames["pelvis"], -29.0 * s, 0.0, 7.0 * s),
    }  # fmt: skip
    return joints, frames


def _tail(animal: Individual, at: Motion, base: Vectors) -> dict[str, Vectors]:
    """Let the tail sink from its base to the ground, each segment in its own heading."""
    length, joints, point = TAIL_SEGMENT * animal.scale * animal.tail, {}, base
    for i in range(TAIL_JOINTS):
        goal = animal.scale * (6.5 - i) + (base[:, 2] * (0.5, 0.12, 0.0, 0.0)[i])
        rise = np.clip((goal - point[:, 2]) / length, -0.93, 0.93)
        yaw, flat = at.tail[:, i], np.sqrt(1 - rise**2)
        point = point - length * np.stack([flat * np.cos(yaw), flat * np.sin(yaw), -rise], axis=-1)
        joints[f"tail_{i + 1}"] = point
    return joints


def _front_leg(
    animal: Individual,
    at: Motion,
    joints: dict[str, Vectors],
    frames: dict[str, Frames],
    gait: Gait,
    leg: int,
) -> dict[str, Vectors]:
    """Return shoulder, elbow and paw; an upright animal holds its paws before the chest."""
    side, name, s = (1.0 if leg % 2 == 0 else -1.0), LEGS[leg], animal.scale
    flip = np.array([1.0, side, 1.0])
    chest = frames["chest"]
    shoulder = joints["chest"] + chest @ (s * _SHOULDER * flip)
    ground = np.concatenate([gait.foot[:, leg], gait.lift[:, leg, None] + s * PAW_HEIGHT], axis=1)
    tucked = joints["chest"] + chest @ (s * _TUCKED * flip)
    up = smootherstep(at.rear)[:, None]
    paw = (1 - up) * ground + up * tucked
    bones = s * animal.legs * UPPER_ARM, s * animal.legs * FOREARM
    elbow, paw = _two_bones(shoulder, paw, bones, chest @ np.array([-1.0, 0.35 * side, -0.2]))
    return {f"shoulder_{name}": shoulder, f"elbow_{name}": elbow, f"paw_{name}": paw}


def _hind_leg(
    animal: Individual,
    at: Motion,
    joints: dict[str, Vectors],
    frames: dict[str, Frames],
    gait: Gait,
    leg: int,
) -> dict[str, Vectors]:
    """Return hip, knee, hock and paw; the foot lies flat, rolls off in stance, and swings back."""
    side, name, s = (1.0 if leg % 2 == 0 else -1.0), LEGS[leg], animal.scale
    hip = joints["pelvis"] + frames["pelvis"] @ (s * _HIP * np.array([1.0, side, 1.0]))
    paw = np.concatenate([gait.foot[:, leg], gait.lift[:, leg, None] + s * PAW_HEIGHT], axis=1)
    fraction = gait.fraction[:, leg]
    roll = smootherstep((fraction - 0.2) / (DUTY - 0.2)) - smootherstep((fraction - DUTY) / (1 - DUTY))
    angle = 0.25 + 0.35 * roll * smootherstep(at.pace / 0.5) * (1 - at.rear)
    heel = _orientation(at.heading, -angle)
    hock = paw - heel @ np.array([s * animal.legs * FOOT, 0.0, 0.0])
    bones = s * animal.legs * THIGH, s * animal.legs * SHANK
    knee, reached = _two_bones(hip, hock, bones, frames["pelvis"] @ np.array([1.0, 0.55 * side, 0.2]))
    return {
        f"hip_{name}": hip, f"knee_{name}": knee, f"hock_{name}": reached, f"paw_{name}": paw + reached - hock
    }  # fmt: skip


def _two_bones(
    root: Vectors, target: Vectors, bones: tuple[float, float], pole: Vectors
) -> tuple[Vectors, Vectors]:
    """Return the middle joint and the end of two bones that reach for a target, bent towards `pole`.

    By the law of cosines. A target out of reach is approached along the straight line to it.
    """
    first, second = bones
    reach = target - root
    distance = np.linalg.norm(reach, axis=-1, keepdims=True)
    direction = reach / distance
    distance = np.clip(distance, 1.02 * abs(first - second) + 1e-6, 0.999 * (first + second))
    along = (distance**2 + first**2 - second**2) / (2 * distance)
    bent = pole - (pole * direction).sum(axis=-1, keepdims=True) * direction
    bent /= np.linalg.norm(bent, axis=-1, keepdims=True)
    return root + along * direction + np.sqrt(first**2 - along**2) * bent, root + distance * direction


def _keypoints(
    animal: Individual, joints: dict[str, Vectors], frames: dict[str, Frames]
) -> Float[np.ndarray, "T K 3"]:
    """Return the named points: joints of the legs and tail, points on the skin of head, neck and back."""
    s, girth = animal.scale, animal.scale * animal.girth
    points = {
        "nose": joints["nose"],
        "neck": joints["neck"] + _offset(frames["neck"], -3.0 * s, 0.0, 15.0 * girth),
        "back": joints["lumbar"] + _offset(frames["lumbar"], 0.0, 0.0, 22.0 * girth),
        "tail_base": joints["tail_0"],
        "tail_mid": joints["tail_2"],
        "tail_tip": joints["tail_4"],
    }
    for sign, side in ((1.0, "left"), (-1.0, "right")):
        points[f"ear_{side}"] = joints["head"] + frames["head"] @ (s * _EAR * np.array([1.0, sign, 1.0]))
        points[f"elbow_{side}"] = joints[f"elbow_front_{side}"]
        points[f"knee_{side}"] = joints[f"knee_hind_{side}"]
        points[f"hock_{side}"] = joints[f"hock_hind_{side}"]
        for end in ("front", "hind"):
            points[f"paw_{end}_{side}"] = joints[f"paw_{end}_{side}"]
    return np.stack([points[name] for name in KEYPOINTS], axis=1)

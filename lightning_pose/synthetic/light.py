"""The lamp over the arena, which differs from session to session."""

from typing import NamedTuple

import numpy as np


class Light(NamedTuple):
    """One distant lamp and the light of the room.

    Attributes:
        direction: unit vector from the scene to the lamp.
        key: brightness of the lamp.
        ambient: brightness of the room.
        tint: colour of the lamp, RGB around 1.
        noise: standard deviation of the sensor's noise, grey levels of 255.
    """

    direction: tuple[float, float, float]
    key: float
    ambient: float
    tint: tuple[float, float, float]
    noise: float


def draw_light(rng: np.random.Generator) -> Light:
    """Draw a lamp 40 to 75 degrees over the floor, warm or cold, and a bright or dim room."""
    azimuth, elevation = rng.uniform(0, 2 * np.pi), np.deg2rad(rng.uniform(40, 75))
    warmth = rng.uniform(-0.09, 0.09)
    return Light(
        direction=(
            float(np.cos(azimuth) * np.cos(elevation)),
            float(np.sin(azimuth) * np.cos(elevation)),
            float(np.sin(elevation)),
        ),
        key=float(rng.uniform(0.55, 0.85)),
        ambient=float(rng.uniform(0.38, 0.55)),
        tint=(float(1 + warmth), float(1 + rng.uniform(-0.02, 0.02)), float(1 - warmth)),
        noise=float(rng.uniform(1.0, 3.0)),
    )

"""What is known of a session's keypoints: by whom, in which files."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from lightning_pose.core.calibration import find_calibration

Kind = Literal["network", "smoother", "truth"]
ID_LENGTH = 12


@dataclass
class Source:
    """One answer to where the keypoints of a session are: a network's, the smoother's, or the truth.

    Attributes:
        name: folder of the model with the member's seed, or of the smoother's results; the same in every
            session.
        kind: who made it.
        views: table of pixels of every view.
        world: table of world points, where there is one.
        errors: view to table of reprojection errors (px), where they were written.
    """

    name: str
    kind: Kind = "network"
    views: dict[str, Path] = field(default_factory=dict)
    world: Path | None = None
    errors: dict[str, Path] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Its name in addresses: the same in every session and after every restart."""
        return hashlib.sha256(f"{self.kind}\0{self.name}".encode()).hexdigest()[:ID_LENGTH]

    @property
    def smoothed(self) -> bool:
        """Whether the smoother made it."""
        return self.kind == "smoother"

    @property
    def tables(self) -> list[Path]:
        """Every table of poses; never empty once the source is found."""
        return [*self.views.values(), *([self.world] if self.world is not None else [])]


@dataclass
class Session:
    """What was found of one recording.

    Attributes:
        name: of the session.
        home: folder of the project.
        videos: view to recording.
        sources: by name; the truth is among them.
    """

    name: str
    home: Path
    videos: dict[str, Path] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)

    @property
    def truth(self) -> Path | None:
        """Table of the true world points, of what was rendered."""
        return next((source.world for source in self.sources.values() if source.kind == "truth"), None)

    @property
    def calibration(self) -> Path | None:
        """File of its cameras, as it is now.

        Raises:
            CalibrationError: when the index of calibrations cannot be used.
        """
        return find_calibration(self.home, self.name)

    @cached_property
    def by_id(self) -> dict[str, Source]:
        """Its sources by their names in addresses."""
        return {source.id: source for source in self.sources.values()}

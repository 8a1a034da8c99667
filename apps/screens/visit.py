"""What a page is given: the project that this visit is about, and where it may lead."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from apps.api.desk import Served
from apps.state import Contents
from lightning_pose.core.project import Project


@dataclass(frozen=True)
class Visit:
    """A project that was found to be one.

    Attributes:
        contents: what lies in its folder.
        served: opens its labels, once for all pages and routes.
        open_frame: leads to a frame on the labeling page, or to the page where the frame is "".
        open_page: leads to the page that has this path in its address.
    """

    contents: Contents
    served: Callable[[], Served]
    open_frame: Callable[[str], None]
    open_page: Callable[[str], None] = lambda page: None

    @property
    def project(self) -> Project:
        """The project."""
        return self.contents.project

    @property
    def folder(self) -> Path:
        """The folder of the project."""
        return self.contents.project.folder

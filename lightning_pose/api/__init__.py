"""A trained model in Python: keypoints of a frame, of an instant, of a video, of labeled images."""

from lightning_pose.api.model import Model
from lightning_pose.api.results import Instant, Keypoints, Labeled, Recording

__all__ = ["Instant", "Keypoints", "Labeled", "Model", "Recording"]

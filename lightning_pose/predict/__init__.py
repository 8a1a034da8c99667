"""Predict videos and labeled frames with a network or an ensemble; 3D where cameras are calibrated."""

from lightning_pose.predict.program import Options, Summary, predict

__all__ = ["Options", "Summary", "predict"]

"""Predict videos and labeled frames with a network or an ensemble; 3D where cameras are calibrated."""

from lightning_pose.predict.options import Options
from lightning_pose.predict.program import predict
from lightning_pose.predict.summary import Outcome, Summary

__all__ = ["Options", "Outcome", "Summary", "predict"]

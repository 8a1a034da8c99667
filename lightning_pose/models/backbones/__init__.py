"""Backbones: images in, feature maps out, through one interface for every family."""

from lightning_pose.config.architectures import BACKBONES, Architecture
from lightning_pose.models.backbones.base import Backbone, TokenBackbone, Tokens
from lightning_pose.models.backbones.families import build, build_backbone
from lightning_pose.models.backbones.weights import load_weights, read_state

__all__ = [
    "BACKBONES",
    "Architecture",
    "Backbone",
    "TokenBackbone",
    "Tokens",
    "build",
    "build_backbone",
    "load_weights",
    "read_state",
]

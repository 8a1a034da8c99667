"""Labeled frames, their batches, targets and augmentation."""

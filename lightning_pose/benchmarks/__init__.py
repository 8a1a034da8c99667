"""Scores of trajectories against truth: predict once, score often."""

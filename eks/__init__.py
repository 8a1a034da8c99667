"""Ensemble Kalman smoother; importing this package costs nothing."""

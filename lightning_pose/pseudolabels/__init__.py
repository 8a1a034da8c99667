"""Smoothed trajectories of unlabeled video as further labels: read, weighed, chosen, written."""

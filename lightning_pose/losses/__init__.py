"""Losses: outputs and a batch in, a scalar out."""

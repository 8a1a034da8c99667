"""The rendered world: an articulated animal, cameras around it, exact truth, and noisy ensembles."""

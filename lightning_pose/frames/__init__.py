"""Which frames to look at and to label: uniform, by k-means, and the one ranking of difficult frames."""

"""Crop and zoom: boxes around the animal, what they cut out, and the way back to the whole frame."""

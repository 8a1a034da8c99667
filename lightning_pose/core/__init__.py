"""Ground floor: cameras, poses, tables, video and metrics, on numpy alone; no torch, no JAX."""

"""A module per verb of `eks`: `HELP`, `register(parser)`, `run(args)`; all imports at the top are light."""

"""A module per verb of `eks`: `HELP`, `register(parser)`, `run(args)`; nothing heavy is imported at the top."""

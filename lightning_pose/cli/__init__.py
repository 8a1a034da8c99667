"""The `litpose` command: one module per verb, heavy imports inside `run`."""

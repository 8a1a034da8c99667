"""A training configuration for a project, with the reason of every choice: facts, rules, text."""

"""Programs made of several steps, each run through the command line as a user would."""

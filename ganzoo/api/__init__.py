"""What scripts and notebooks type: `run` and `compare` train, `Run` and `Grid` show what came of it."""

"""Functions and classes for scripts and notebooks: `run` and `compare` train, `Run` and `Grid` show the outcome."""

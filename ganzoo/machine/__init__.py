"""The machine: what this process may use of it, and whether what is installed on it works."""

"""What ships with ganzoo, registered through the same hooks as any plugin."""

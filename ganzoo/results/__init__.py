"""Run folders become tables and reports. Nothing here imports torch."""

"""Plugins, components and recipes by name; settings are checked against them."""

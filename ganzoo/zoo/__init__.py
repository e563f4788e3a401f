"""What there is by name: plugins, components and recipes; settings are checked against it."""

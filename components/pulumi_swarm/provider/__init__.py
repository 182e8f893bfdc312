"""The package's plugin: its own resources, and its components for every language."""

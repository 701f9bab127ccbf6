"""The commands of `units`."""

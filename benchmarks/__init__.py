"""What performance claims rest on: one script per claim, its peer or floor measured in the same run."""

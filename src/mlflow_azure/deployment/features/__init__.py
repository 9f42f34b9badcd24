"""What a deployment can have beyond the minimum, one file a feature."""

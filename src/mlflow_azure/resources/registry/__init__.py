"""The container registry: its image, its webhook, and who may pull."""

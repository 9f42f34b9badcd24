"""A deployment and its operations: deploy, destroy, status, connecting clients, and its features."""

"""What a deployment is, and what is done with it: deploy, destroy, status, what clients need, and its features."""

"""The kinds of resource that make up a deployment, one file each."""

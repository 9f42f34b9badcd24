"""The optional features of a deployment, one file each."""

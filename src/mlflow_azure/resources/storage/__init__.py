"""The storage account and its parts."""

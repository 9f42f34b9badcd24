"""The storage account and what lies in it."""

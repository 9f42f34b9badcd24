"""The blob endpoints of storage accounts, by Azurite."""

"""The blob endpoints of storage accounts, served by Azurite."""

"""The virtual network of web app and PostgreSQL server, and its DNS zone."""

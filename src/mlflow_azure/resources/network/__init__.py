"""The virtual network of web app and PostgreSQL server, and the names in it."""

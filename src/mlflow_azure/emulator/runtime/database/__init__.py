"""The PostgreSQL flexible servers: a real PostgreSQL for each, behind a front that checks who signs in."""

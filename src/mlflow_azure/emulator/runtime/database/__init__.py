"""The PostgreSQL flexible servers: a real PostgreSQL for each, behind a proxy that checks sign-in."""

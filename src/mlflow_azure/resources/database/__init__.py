"""The PostgreSQL flexible server, and what lies in it."""

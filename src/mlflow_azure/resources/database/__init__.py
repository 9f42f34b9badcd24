"""The PostgreSQL flexible server and its parts."""

"""The SCM site (Kudu) of a web app: its logs, and a shell in its container."""

"""Web apps: what App Service adds around a container, whatever runs it."""

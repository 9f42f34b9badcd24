"""Web apps: what App Service puts around a container, whatever runs it."""

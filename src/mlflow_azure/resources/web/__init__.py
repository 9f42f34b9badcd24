"""The App Service plan, the web app, and the parts of its configuration."""

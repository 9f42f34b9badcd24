"""Container registries: the data planes at their login servers."""

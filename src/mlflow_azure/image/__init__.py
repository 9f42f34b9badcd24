"""The image of the tracking server: its build context, building it here or in the registry, and the registry's API."""

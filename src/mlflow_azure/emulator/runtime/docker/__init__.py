"""The container runtime: builds, web apps and registries with the container engine on this machine."""

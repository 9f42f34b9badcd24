"""The container runtime: builds, web apps and registries by the container engine on this machine."""

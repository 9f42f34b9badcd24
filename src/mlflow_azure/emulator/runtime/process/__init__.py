"""The process runtime: builds and web apps without a container engine."""

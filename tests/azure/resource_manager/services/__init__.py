"""One module for each Azure service: its resource types and its other requests."""

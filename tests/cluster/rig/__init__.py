"""Pinned programs -> a real Kubernetes with real Flux, without Docker, cloud or internet."""

from .cluster import Cluster
from .errors import CannotRun

__all__ = ["CannotRun", "Cluster"]

"""reachaudit: always knows who can reach what in a Kubernetes cluster."""

__version__ = "0.1.0"

"""Preloads when it is imported, which only the server of worker processes does."""

from .preloading import preload

preload()

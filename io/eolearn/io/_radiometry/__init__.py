"""The checks of :mod:`eolearn.io.radiometry`."""

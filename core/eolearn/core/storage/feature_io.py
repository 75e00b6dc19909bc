"""TEMPORARY placeholder by the lead so that EOPatch imports; the storage helper replaces this file."""


class FeatureIO:
    """A feature that is not loaded yet."""

    def __init__(self, path, filesystem):
        self.path, self.filesystem, self.loaded_value = path, filesystem, None

    def load(self):
        """Load."""
        raise NotImplementedError

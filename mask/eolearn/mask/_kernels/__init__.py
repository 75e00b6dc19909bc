"""Functions on arrays: the arithmetic of the tasks, usable without an EOPatch."""

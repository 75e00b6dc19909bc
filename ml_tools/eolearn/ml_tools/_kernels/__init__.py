"""Functions on arrays, which know nothing of EOPatches."""

"""Functions on arrays that the tasks of this package are made of."""

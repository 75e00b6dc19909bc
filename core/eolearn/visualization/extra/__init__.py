"""Ways to see an EOPatch that need more packages: labelled arrays of xarray, and interactive plots of hvplot."""

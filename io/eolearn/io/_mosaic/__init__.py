"""Patches put together in one raster file: where each lies, how overlaps are joined, what is written."""

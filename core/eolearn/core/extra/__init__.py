"""Executors on the engines that people already have: Ray and Dask."""

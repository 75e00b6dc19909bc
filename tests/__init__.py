"""A package, as some distributions bring a `tests` of their own, which else other processes would find first."""

"""The tasks of the core, a theme a module; :mod:`eolearn.core.core_tasks` lists them all."""

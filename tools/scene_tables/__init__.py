"""How the two tables of the simulated scene are derived: the code behind `tools/derive_scene_tables.py`."""

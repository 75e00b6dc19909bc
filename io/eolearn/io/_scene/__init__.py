"""A landscape, its weather and its seasons, as functions of place, date and seed."""

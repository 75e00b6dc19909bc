"""The places of 1.x for tasks that needed an extra then."""

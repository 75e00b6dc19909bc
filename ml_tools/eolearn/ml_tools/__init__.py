"""Placeholder by the lead until the helper writes it."""

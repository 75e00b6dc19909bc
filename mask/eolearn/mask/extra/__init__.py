"""Masks that need packages of their own."""

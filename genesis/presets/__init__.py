"""Constitutions to begin with."""

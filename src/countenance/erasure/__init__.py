"""Withdrawing, and what follows from it."""

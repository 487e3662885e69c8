"""Measures the library on this machine."""

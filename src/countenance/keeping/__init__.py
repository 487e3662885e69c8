"""Keeping: copies of a library to fall back on, and the way back that brings nobody back."""

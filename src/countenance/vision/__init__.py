"""Pixels to faces to templates. Knows no names."""

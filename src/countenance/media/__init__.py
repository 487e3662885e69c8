"""Bytes to upright pixels and back, within limits. Knows nothing of faces."""

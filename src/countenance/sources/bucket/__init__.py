"""Buckets: where one is, and the reader of what lies in it."""

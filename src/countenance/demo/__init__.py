"""A small library from two public-domain portraits, and its story."""

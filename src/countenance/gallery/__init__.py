"""
The references in force, in memory: nearest neighbours, and distance to band.

Knows ids and vectors only.
"""

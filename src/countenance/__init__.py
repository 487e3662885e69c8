"""
Countenance is a face search engine that asks first.

The Python API is `countenance.library.Library`. Importing this package does nothing else: no
file, no network, no model.
"""

__version__ = "0.1.0"

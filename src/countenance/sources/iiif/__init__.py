"""IIIF: manifests and collections of museums and archives, and the images behind them."""

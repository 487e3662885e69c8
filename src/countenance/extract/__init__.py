"""Extraction: a picture to faces and templates. The joint of media and vision."""

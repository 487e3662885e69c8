"""The life of a photo: from a listing to sightings."""

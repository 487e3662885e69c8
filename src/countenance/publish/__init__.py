"""From a photo and a channel to what may be shown there, and to whom it is given."""

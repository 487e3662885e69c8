"""From a person or a probe to sightings."""

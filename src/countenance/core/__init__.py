"""The ground: ids, time, canonical bytes and boxes. Knows nothing of the field above it."""

"""What was done, by whom, why. Holds ids and digests: no name, vector, score or picture."""

"""What was done, by whom, why: entries, the tree over them, its signed checkpoints, its proofs."""

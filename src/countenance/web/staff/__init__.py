"""What the staff sees: the desk."""

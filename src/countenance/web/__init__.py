"""HTML pages: for the person shown, the staff, the public. No logic: they call `library`."""

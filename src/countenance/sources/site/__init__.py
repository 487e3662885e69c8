"""Web sites that granted it: what guards the way there, what fetches, and the grant file."""

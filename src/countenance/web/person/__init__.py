"""What the person shown sees: asked, found, gone; by a link, and without an account."""

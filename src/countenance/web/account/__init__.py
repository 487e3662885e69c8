"""The doors: signing in, proving again, and what somebody sees of their own account."""

"""What other machines ask over HTTP: one file a resource, no logic."""

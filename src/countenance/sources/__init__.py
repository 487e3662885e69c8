"""Where pictures come from: grants, and the readers that work under them."""

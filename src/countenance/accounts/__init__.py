"""Who may use this library, and for what: roles, decisions, and what shows that it is they."""

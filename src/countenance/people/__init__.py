"""Who agreed to what. Knows no pixels."""

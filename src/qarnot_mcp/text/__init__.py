"""Text from strangers: cleaned, bounded and without secrets."""

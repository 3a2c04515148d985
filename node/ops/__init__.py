"""What operators do with nodes: a demonstration, export and import."""

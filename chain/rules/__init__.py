"""What happens: one file a subject. ``chain.transition`` says in which order."""

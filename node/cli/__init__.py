"""The command line: one program, nouns and verbs."""

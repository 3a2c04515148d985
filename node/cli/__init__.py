"""The command line: one program ``pai``, nouns and verbs."""

from node.cli.main import main

__all__ = ["main"]

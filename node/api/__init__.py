"""The HTTP interface of a node."""

"""A node without a network: replays a chain and reports on it."""

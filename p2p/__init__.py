"""The network: moves bytes between nodes and judges none of them by itself."""

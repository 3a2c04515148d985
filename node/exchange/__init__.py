"""What a node may do for exchange beyond the rules: solve set-off, propose chains."""

"""What a member holds: keys, transactions, and words for people."""

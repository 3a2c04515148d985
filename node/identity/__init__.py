"""Beside the ledger: what authorities and members keep, hand over and show about persons."""

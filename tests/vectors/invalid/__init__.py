"""What must be refused: small states, what is tried on them, and the code; docs/vectors.md.

Unlike the golden vectors these are written by the ledger's own code. What they say is the code,
which each case names beforehand and which is not asked of the ledger; whoever implements the
protocol needs nothing but the JSON.
"""

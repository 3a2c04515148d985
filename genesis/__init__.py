"""How a community is founded: a readable constitution, its checks, and its bytes."""

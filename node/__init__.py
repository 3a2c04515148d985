"""Where it meets: one task owns chain and consensus state; everything else asks or tells it."""

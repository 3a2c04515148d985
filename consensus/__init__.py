"""Sans-I/O: when to sign what, and which chain to follow. Time is an event, effects are data."""

"""The rules. Pure and deterministic: no network, no clock, no randomness, no float, no logging."""

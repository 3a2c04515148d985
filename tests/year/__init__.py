"""A year of a village of 250 under the real rules, sped up by slots: a story, and its proof."""

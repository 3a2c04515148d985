"""Eight years of a village under the defaults of ``coop``: what is lost, drained, turned over."""

"""A community of a dozen accounts that does everything the rules know, for as long as one likes.

``town`` makes its blocks, ``deeds`` says what people try, ``rights`` who may, and ``laws`` what
must hold whatever they try. ``make dozen`` lives for many thousands of deeds.
"""

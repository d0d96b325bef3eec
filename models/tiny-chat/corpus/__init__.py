"""Writes the synthetic dialogues that the model learns from. Uses no outside data and no clock: one seed, one corpus.

Every function draws from the random generator that it is handed, in a fixed order. Changing the order of the draws, or
of the entries of a table, changes the whole corpus and so calls for a new training run.
"""

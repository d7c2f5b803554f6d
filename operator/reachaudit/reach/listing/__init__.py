"""Questions about sets of flows: all of them, those of one end, those by which two states differ.

Only this package reads `Flows` and `Index` for them. Most flows differ from others in their source
alone: sources are sets of bits here, and nothing is ever made for one pair.
"""

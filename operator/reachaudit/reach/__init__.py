"""The engine: who can reach what, from facts alone. No I/O, no clock, no guess.

facts ─▶ identity (classes, signatures) ─▶ rules ─▶ profiles ─┐
                                                              ├▶ judge ─▶ paths ─▶ exposure
facts ─▶ services, ingresses (who forwards to whom) ──────────┘     └───▶ delta

docs/library.md tells how a program asks: shapes, units, errors, with examples.
"""

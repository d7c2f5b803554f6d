"""Why somebody reaches something or not, and which change of one object would flip it.

`explanation.explain` answers a question by names. Every flip that it names was tried on a copy of
the facts.
"""

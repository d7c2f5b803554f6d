"""API objects on the wire, one module a family: what is decoded of them, and the fact it becomes.

A `read_*` function gives the fact and the problems met, and never raises: a part that the API would
reject matches nothing and is a problem (NP-58); the rest of the object counts.
"""

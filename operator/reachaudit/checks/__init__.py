"""Checks: one file each, with its document, logic and fix. They never import one another."""

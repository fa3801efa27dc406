"""Shoptet: its file format as plain records, and its API."""

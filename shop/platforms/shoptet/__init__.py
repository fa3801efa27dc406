"""Shoptet: its file format as plain records."""

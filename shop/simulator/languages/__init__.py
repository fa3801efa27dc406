"""The words of made-up shops, one file a language."""

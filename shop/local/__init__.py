"""PostgreSQL and Valkey of this installation's own, for machines where nobody set up either."""

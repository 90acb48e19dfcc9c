"""PostgreSQL and Valkey from their wheels, kept under `.writ/` for as long as a process of ours needs them."""

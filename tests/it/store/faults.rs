//! What goes wrong with PostgreSQL, on a real one.

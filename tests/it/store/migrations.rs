//! The schema in PostgreSQL: made once, by whoever comes first, beside gateways that run.

//! What happened, durably? No log, no access.

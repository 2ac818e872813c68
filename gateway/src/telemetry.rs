//! What is logged? One event per request.

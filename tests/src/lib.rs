//! The harness: one healthy gateway with everything around it, of which a test spoils one thing.

pub mod source;

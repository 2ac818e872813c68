//! The harness: one healthy gateway with everything around it, of which a test spoils one thing.

pub mod back_end;
pub mod counter;
pub mod faulty;
pub mod parsers;
pub mod program;
pub mod raw;
pub mod source;

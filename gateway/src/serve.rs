//! How does it start, run and drain?

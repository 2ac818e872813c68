//! How much is too much? Every bound, with its unit and its source.

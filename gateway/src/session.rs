//! What is a session, and has it ended?

//! What does the invented kingdom of the demonstration contain?

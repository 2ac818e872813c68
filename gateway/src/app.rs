//! What is the service made of? The composition root.

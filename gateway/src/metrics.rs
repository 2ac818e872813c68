//! What is counted?

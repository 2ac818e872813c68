//! What does the invented kingdom of the demonstration contain, and how is its story told?

pub mod authority;
pub mod back_ends;
pub mod clients;
pub mod curl;
pub mod folder;
pub mod people;
pub mod ports;
pub mod signers;

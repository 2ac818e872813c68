//! What does the invented kingdom of the demonstration contain, and how is its story told?
//!
//! In reading order: who lives there ([`people`], [`clients`]), who vouches for them ([`authority`], [`signers`],
//! [`holders`], `cards`, `enrolment`), where it is kept ([`folder`], [`keys`], [`ports`], [`world`]), what stands behind the gateway
//! ([`back_ends`]), who is on stage ([`stage`]) and what happens there ([`story`], [`narrator`], [`text`], [`curl`]).

pub mod authority;
pub mod back_ends;
mod cards;
pub mod clients;
pub mod curl;
mod enrolment;
pub mod folder;
pub mod holders;
pub mod https;
pub mod keys;
pub mod narrator;
pub mod people;
pub mod ports;
pub mod signers;
pub mod stage;
pub mod story;
pub mod text;
pub mod world;

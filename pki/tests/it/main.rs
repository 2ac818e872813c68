//! Is the right thing believed, and nothing else? Over real data of several states, and over issued kingdoms.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that panics is a test that fails"
)]

mod active;
mod active_rsa;
mod card_security;
mod chip;
mod client;
mod crl;
mod crl_by_openssl;
mod csca;
mod csca_made;
mod foreign_chains;
mod hierarchy;
mod hostile;
mod hostile_keys;
mod hostile_path;
mod hot_list;
mod kingdom;
mod master_list;
mod outside_signer;
mod passive;
mod path;
mod pkits;
mod published;
mod remembered;
mod sha1;
mod trust;

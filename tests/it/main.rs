//! The one integration binary: a module for each route or promise.

mod access;
mod audit;
mod back_ends;
mod callers;
mod ceremony;
mod config;
mod demo;
mod framing;
mod freshness;
mod hot_list;
mod hsm;
mod keys;
mod load;
mod parsers;
mod pcsc;
mod pki_import;
mod presences;
mod problems;
mod readme;
mod reload;
mod rotation;
mod secrecy;
mod sessions;
mod state;
mod tidy;
mod tokens;

//! The one integration binary: a module for each route or promise.

mod parsers;
mod pcsc;
mod problems;
mod tidy;

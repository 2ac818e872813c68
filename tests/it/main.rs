//! The one integration binary: a module for each route or promise.

mod parsers;
mod problems;
mod tidy;

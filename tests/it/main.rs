//! The one integration binary: a module for each route or promise.

mod tidy;

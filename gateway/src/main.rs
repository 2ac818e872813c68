//! `bawaba`, the operator program.

fn main() {}

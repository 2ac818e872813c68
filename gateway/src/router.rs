//! Which function answers this path? One flat table.

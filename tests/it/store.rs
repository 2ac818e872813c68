//! Registry and audit log on SQLite and on PostgreSQL: one suite of promises, both real engines.

mod audit;
mod cases;
mod faults;
mod kingdom;
mod migrations;
mod registry;

//! The gateway: a card becomes a session, a session becomes an access.
//!
//! Modules in reading order: the path of a request, then what carries it.

pub mod clock;
pub mod limits;
pub mod problem;
mod refusal;
pub mod listen;
pub mod edge;
pub mod rate;
pub mod caller;
pub mod router;
pub mod wire;
pub mod presence;
pub mod session;
pub mod fhir;
pub mod access;
pub mod token;
pub mod registry;
pub mod trust;
pub mod audit;
pub mod sqlite;
pub mod proxy;
pub mod metrics;
pub mod telemetry;
mod timing;
pub mod config;
pub mod app;
pub mod serve;
pub mod demo;
pub mod cli;

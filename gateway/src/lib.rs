//! The gateway: a card becomes a session, a session becomes an access.
//!
//! Modules in reading order: the path of a request, then what carries it.

pub mod access;
pub mod app;
pub mod audit;
pub mod caller;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod edge;
pub mod fhir;
pub mod limits;
pub mod listen;
pub mod metrics;
pub mod presence;
pub mod problem;
pub mod proxy;
pub mod rate;
mod refusal;
pub mod registry;
pub mod router;
pub mod serve;
pub mod session;
pub mod sqlite;
pub mod telemetry;
mod timing;
pub mod token;
pub mod trust;
pub mod wire;

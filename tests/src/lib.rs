//! The harness: one healthy gateway with everything around it, of which a test spoils one thing.
//!
//! In reading order: [`harness`] is the town, [`counter`], [`mobile`], [`bedside`], [`raw`] and [`program`] are who speaks to it, [`back_end`],
//! [`faulty`], [`papers`], [`postgres`], [`redis`] and [`soft_hsm`] are what can be wrong with it, [`kingdom`] is the country around it, [`verifiers`] believe it
//! from outside, [`snippets`] are the README's, [`proxies`] ask it from outside, [`parsers`], [`seeds`] and [`source`] look at the code itself.

pub mod back_end;
pub mod balancer;
pub mod bedside;
pub mod claims;
pub mod counter;
pub mod desk;
pub mod faulty;
pub mod harness;
pub mod kingdom;
pub mod list_server;
pub mod mobile;
pub mod oauth;
pub mod papers;
pub mod parsers;
pub mod population;
pub mod postgres;
pub mod program;
pub mod proxies;
pub mod raw;
pub mod redis;
pub mod seeds;
pub mod snippets;
pub mod soft_hsm;
pub mod source;
pub mod verifiers;

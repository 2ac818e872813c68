//! The gateway: a card becomes a session, a session becomes an access.
//!
//! Modules in reading order: the path of a request, then what carries it.
//!
//! | module | the question it answers |
//! |---|---|
//! | [`listen`] | who is on the line? TCP, TLS and the connection's own limits |
//! | [`edge`] | is this one well-formed HTTP request, and nothing smuggled in it? |
//! | [`caller`] | which registered client holds this connection, and may it still? |
//! | [`rate`] | is this client asking too often? |
//! | [`router`] | which function answers this path? |
//! | [`wire`] | what do requests and answers look like as JSON? |
//! | [`presence`] | flow 3.1: how does a card become a session? |
//! | `step_up` | does the holder of the card agree, by PIN? (RFC 9470) |
//! | [`session`] | what is a session, and has it ended? |
//! | [`withdrawal`] | what was withdrawn before its time, and does this node know? |
//! | [`oauth`] | how do clients exchange, ask about and take back their tokens? |
//! | [`access`] | flow 3.2: how does a session become an access? |
//! | [`authorize`] | may a request go on that somebody else's proxy holds? |
//! | [`fhir`] | what does a FHIR request mean: which type, which interaction, which patient? |
//! | [`decisions`] | what do the policies say, and did they say it a moment ago? |
//! | [`keys`] | how do the gateway's keys change while it runs? |
//! | [`token`] | what do our tokens say, and is this one ours? |
//! | [`registry`] | who is this patient, who is this client? |
//! | [`state`] | what do all nodes remember for a while? |
//! | [`relink`] | who is behind a pseudonym, when two operators must know? |
//! | [`trust`] | which issuers do we trust at this moment? |
//! | [`audit`] | what happened, durably? No log, no access |
//! | `refusal` | what is told and what is written when the answer is no? |
//! | [`problem`] | what is a caller told when there is no answer? |
//! | [`proxy`] | how does a decided request reach its back-end and its answer come back? |
//! | [`store`] | where are registry and log kept: in a file, or in PostgreSQL? |
//! | [`limits`] | how much is too much? |
//! | [`metrics`], [`telemetry`], `timing` | what is counted, what is logged, where did the time go? |
//! | [`clock`] | what time is it? |
//! | [`config`] | what did the operator ask for? |
//! | [`app`] | what is the service made of? The composition root |
//! | [`serve`] | how does it start, run and drain? |
//! | [`demo`] | what does the invented kingdom of the demonstration contain? |
//! | [`cli`] | what can an operator type? |

pub mod access;
pub mod app;
pub mod audit;
pub mod authorize;
pub mod caller;
pub mod cli;
pub mod clock;
pub mod config;
pub mod decisions;
pub mod demo;
pub mod edge;
pub mod fhir;
pub mod keys;
pub mod limits;
pub mod listen;
pub mod metrics;
pub mod oauth;
pub mod presence;
pub mod problem;
pub mod proxy;
pub mod rate;
mod refusal;
pub mod registry;
pub mod relink;
pub mod router;
pub mod serve;
pub mod session;
pub mod state;
mod step_up;
pub mod store;
pub mod telemetry;
mod timing;
pub mod token;
pub mod trust;
pub mod wire;
pub mod withdrawal;

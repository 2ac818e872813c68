//! The gateway: a card becomes a session, a session becomes an access.
//!
//! Modules in reading order: the path of a request, then what carries it.
//!
//! | module | the question it answers |
//! |---|---|
//! | [`listen`] | who is on the line? TCP, TLS and the connection's own limits |
//! | [`edge`] | is this one well-formed HTTP request, and nothing smuggled in it? |
//! | [`caller`] | which registered client holds this connection, and may it still? |
//! | [`practitioner`] | which practitioner signed this? |
//! | [`dpop`] | does a caller without a certificate hold its registered key, at this very request? |
//! | [`unproven`] | how often may somebody unknown try, and how is it told? |
//! | [`rate`] | is this client asking too often? |
//! | [`router`] | which function answers this path? |
//! | [`wire`] | what do requests and answers look like as JSON? |
//! | [`presence`] | flow 3.1: how does a card become a session? |
//! | `step_up` | does the holder of the card agree, by PIN? (RFC 9470) |
//! | [`session`] | what is a session, and has it ended? |
//! | [`withdrawal`] | what was withdrawn before its time, and does this node know? |
//! | [`oauth`] | how do clients exchange, ask about and take back their tokens? |
//! | [`status`] | where does a back-end that asks nobody learn which sessions ended early? |
//! | [`access`] | flow 3.2: how does a session become an access? |
//! | [`authorize`] | may a request go on that somebody else's proxy holds? |
//! | [`emergency`] | how are the essentials of somebody reached who cannot agree, or has no card with them? |
//! | [`referral`] | who sent this patient on, to whom, and is that still good? |
//! | `notice` | what is a patient told of who saw their record without asking them? |
//! | [`fhir`] | what does a FHIR request mean: which type, which interaction, which patient? |
//! | `facts` | what must a decision know that the request does not say? |
//! | [`consent`] | what did the patient agree to, and what does it mean for who asks? |
//! | [`billing`] | was the patient there for what is claimed, and is it claimed once? |
//! | [`eligibility`] | which rights has the patient, and may the counter rely on it? |
//! | [`decisions`] | what do the policies say, and did they say it a moment ago? |
//! | [`fraud`] | what looks wrong at the counters, who is told, and what does it change? |
//! | [`keys`] | how do the gateway's keys change while it runs? |
//! | [`token`] | what do our tokens say, and is this one ours? |
//! | [`registry`] | who is this patient, who is this client? |
//! | [`state`] | what do all nodes remember for a while? |
//! | [`tally`] | how much did each establishment do, and how much of it with a chip? |
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
//!
//! # The two flows
//!
//! A card becomes a session ([`presence`]), in two round trips:
//!
//! ```text
//! station                                gateway
//! PACE with the CAN, read EF.SOD, DG1, DG14, DG15
//!   ── POST /v1/presences ────────────►  the state signed these files (SOD → signer → CSCA, CRL)
//!   ◄─ 201 presence, commands[] ───────  a fresh challenge, as APDUs for this chip
//! run the commands on the chip
//!   ── POST /v1/presences/{id}/proof ─►  the chip is the original → patient → policy → session → audit
//!   ◄─ 201 session, token, receipt ────
//! ```
//!
//! A session becomes an access ([`access`]):
//!
//! ```text
//! certificate → token and its binding → what the request means → policy → record ─┐
//!   → forward with a token for that back-end → stream the answer  ◄───────────────┘ once it is durable
//! ```
//!
//! # Where do I…
//!
//! | I want to… | go to |
//! |---|---|
//! | follow a request | `gateway/src/lib.rs` lists the modules in its order; `router.rs` has every route |
//! | change who may do what | `policies/cedar/*.cedar`; no release needed (`[policies] dir`) |
//! | say when the glass may be broken, and what it then shows | `policies/cedar/emergency.cedar`, `[emergency]`; `bawaba emergency` reviews |
//! | accept another card generation | `card-reader/src/profile.rs` and a simulated card |
//! | add or reword a problem | `gateway/src/problem/catalogue`; bless `tests/golden/problems.txt` |
//! | change a limit or timeout | `gateway/src/limits.rs`, `card-reader/src/lds`, `pki/src/limits.rs`: each bound has its source |
//! | add a key | `hsm-config/src/role.rs`: one key, one job |
//! | replace a key | `bawaba keys rotate ROLE`; how long keys overlap, and why: `gateway/src/keys.rs` |
//! | believe another state, or believe it no more | `bawaba pki import`, `pin`, `distrust`; what is odd about a certificate: `pki/src/csca` |
//! | record more about an access | `gateway/src/audit/event.rs`: codes and pseudonyms, never a person |
//! | take another FHIR search, operation or type | `gateway/src/fhir.rs` says what is bound to the patient, and how |
//! | add a back-end | `[backends.NAME]` in the configuration, its rules in `policies/cedar` |
//! | let a service keep its own proxy | `config/proxies`, `authorize.rs` |
//! | write a test | `tests/it/<route>.rs`: take `Harness::healthy()`, spoil one thing, look at the answer *and* the event |
//! | fuzz a parser | `tests/src/parsers.rs` and `make fuzz` |
//! | see the figures | `make bench` |
//!
//! # In French
//!
//! | English | French | |
//! |---|---|---|
//! | presence, proof of presence | présence, preuve de présence | the chip answered our challenge, now |
//! | challenge | défi | list of commands that only this chip can answer |
//! | station | poste | one reader at one counter |
//! | establishment | établissement | pharmacy, clinic, hospital, mobile unit, CNSS agency |
//! | health id | identifiant santé | one per patient, never shown to a counter |
//! | dependant | ayant droit | a child: a session through the guardian's card |
//! | consent | consentement | what the patient permits or denies, said at a counter |
//! | therapeutic link | lien thérapeutique | the patient was there in person, not long ago |
//! | purpose | finalité | HL7 PurposeOfUse: TREAT, HPAYMT, ETREAT, … |
//! | coverage | couverture AMO | CNSS salariés, TNS, AMO Tadamon, AMO Achamil |
//! | audit event | événement d'audit | what happened, without naming anyone |
//! | receipt | reçu | signed statement that the patient was there |
//! | CSCA, document signer | autorité nationale, signataire de documents | who vouches for a card |
//! | CAN | numéro d'accès | six digits on the card; opens PACE, never leaves the station |

pub mod access;
pub mod app;
pub mod audit;
pub mod authorize;
pub mod billing;
pub mod caller;
pub mod cli;
pub mod clock;
pub mod config;
pub mod consent;
pub mod decisions;
pub mod demo;
pub mod dpop;
pub mod edge;
pub mod eligibility;
pub mod emergency;
mod facts;
pub mod fhir;
pub mod fraud;
pub mod keys;
pub mod limits;
pub mod listen;
pub mod metrics;
mod notice;
pub mod oauth;
pub mod practitioner;
pub mod presence;
pub mod problem;
pub mod proxy;
pub mod rate;
pub mod referral;
mod refusal;
pub mod registry;
pub mod relink;
pub mod router;
pub mod serve;
pub mod session;
pub mod state;
pub mod status;
mod step_up;
pub mod store;
pub mod tally;
pub mod telemetry;
mod timing;
pub mod token;
pub mod trust;
pub mod unproven;
pub mod wire;
pub mod withdrawal;

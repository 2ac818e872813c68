//! How much is too much at `/oauth/*`, and for an operator's statement?

/// Octets of a form at `/oauth/*`: two tokens of [`MAX_TOKEN_BYTES`](super::MAX_TOKEN_BYTES) and an assertion, percent-encoded.
pub const MAX_FORM_BYTES: u64 = 32 << 10;

/// Parameters of such a form. RFC 8693 has eleven, RFC 7523 two more.
pub const MAX_FORM_PARAMETERS: usize = 32;

/// Octets of a practitioner's assertion: a chain of two certificates is in it.
pub const MAX_ACTOR_TOKEN_BYTES: usize = 8 << 10;

/// Octets of an operator's signed statement: its chain of certificates is in it.
pub const MAX_RELINK_STATEMENT_BYTES: usize = 32 << 10;

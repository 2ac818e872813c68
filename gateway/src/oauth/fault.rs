//! Which refusals of the OAuth endpoints are there? One table: RFC error, status, our stable code, one sentence.

use http::StatusCode;

/// One refusal, in fixed words (*refus OAuth*).
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// `error`: a word of RFC 6749 §5.2 or of a specification that builds on it.
    pub error: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// `code`: ours, stable, the same in log, metric and audit event.
    pub code: &'static str,
    /// `error_description`: for whoever writes the client.
    pub description: &'static str,
}

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident: $error:literal $status:ident $code:literal $description:literal,)+) => {
        $($(#[$doc])* pub(crate) static $name: Fault = Fault {
            error: $error,
            status: StatusCode::$status,
            code: $code,
            description: $description,
        };)+

        impl Fault {
            /// Every refusal, in the order of the table.
            pub const ALL: &'static [&'static Self] = &[$(&$name),+];
        }
    };
}

faults! {
    /// RFC 6749 §3.2.
    FORM_MEDIA_TYPE: "invalid_request" BAD_REQUEST "form-media-type"
        "send the parameters as application/x-www-form-urlencoded",
    FORM_QUERY: "invalid_request" BAD_REQUEST "form-query"
        "parameters are sent in the body: a URL is logged wherever it passes",
    FORM_TOO_LARGE: "invalid_request" BAD_REQUEST "form-too-large" "the form is longer than any request needs",
    FORM_MALFORMED: "invalid_request" BAD_REQUEST "form-malformed" "the form is not well encoded",
    FORM_BROKEN: "invalid_request" BAD_REQUEST "form-broken" "the form did not arrive whole and in time",
    /// RFC 6749 §3.2: "parameters MUST NOT be included more than once".
    PARAMETER_REPEATED: "invalid_request" BAD_REQUEST "parameter-repeated" "a parameter comes more than once",
    PARAMETER_MISSING: "invalid_request" BAD_REQUEST "parameter-missing" "a required parameter is missing",
    /// RFC 6749 §2.3: one way of authentication in a request.
    CLIENT_TWICE: "invalid_request" BAD_REQUEST "client-authenticated-twice"
        "the certificate already authenticates this client; send no secret, no assertion and no Authorization header",
    CLIENT_ID: "invalid_client" UNAUTHORIZED "client-id-mismatch"
        "client_id is not the client that authenticated",
    CLIENT_UNPROVEN: "invalid_client" UNAUTHORIZED "client-unauthenticated"
        "authenticate with the registered certificate or a signed assertion",
    CLIENT_REFUSED: "invalid_client" UNAUTHORIZED "client-refused" "this client may not use the gateway any more",
    /// RFC 9449 §5.
    PROOF: "invalid_dpop_proof" BAD_REQUEST "proof-invalid"
        "send one DPoP proof of the registered key for this request, with a new jti",
    /// RFC 9449 §8.
    NONCE: "use_dpop_nonce" BAD_REQUEST "proof-nonce" "repeat with a new proof that carries this DPoP-Nonce",
    GRANT_NOT_YOURS: "unauthorized_client" BAD_REQUEST "grant-not-yours"
        "client tokens are for clients without a certificate",
    GRANT: "unsupported_grant_type" BAD_REQUEST "grant-unsupported" "see grant_types_supported of the metadata",
    SUBJECT_TOKEN_TYPE: "invalid_request" BAD_REQUEST "subject-token-type"
        "subject_token_type is urn:ietf:params:oauth:token-type:access_token or the same with :jwt",
    REQUESTED_TOKEN_TYPE: "invalid_request" BAD_REQUEST "requested-token-type"
        "requested_token_type is urn:ietf:params:oauth:token-type:access_token or the same with :jwt",
    ACTOR_TOKEN_TYPE: "invalid_request" BAD_REQUEST "actor-token-type"
        "actor_token comes with actor_token_type urn:ietf:params:oauth:token-type:jwt, and not onward",
    ACTOR_TOKEN: "invalid_request" BAD_REQUEST "actor-token-invalid"
        "the actor token is not signed by a practitioner for this session",
    TOKEN_INVALID: "invalid_request" BAD_REQUEST "token-invalid" "the token is not an access token of this gateway",
    TOKEN_EXPIRED: "invalid_request" BAD_REQUEST "token-expired" "the token is over, or its time has not come",
    TOKEN_AUDIENCE: "invalid_request" BAD_REQUEST "token-audience" "the token is for somebody else",
    TOKEN_BINDING: "invalid_request" BAD_REQUEST "token-binding" "the token is bound to another key",
    SESSION_ENDED: "invalid_request" BAD_REQUEST "session-ended" "the session behind the token has ended",
    CHAIN: "invalid_request" BAD_REQUEST "chain-too-long" "the token was exchanged onward already: once is all",
    TARGET_MISSING: "invalid_target" BAD_REQUEST "target-missing" "name the back-end by audience or resource",
    TARGET_REPEATED: "invalid_target" BAD_REQUEST "target-repeated"
        "one token is for one back-end: name it once, by audience or by resource",
    TARGET_UNKNOWN: "invalid_target" BAD_REQUEST "target-unknown" "no back-end has that audience, name or URL",
    TARGET_DENIED: "invalid_target" BAD_REQUEST "target-denied" "the policy does not permit this token",
    SCOPE: "invalid_scope" BAD_REQUEST "scope-not-held" "the scope is none of the session's for this back-end",
    /// RFC 6749 §5.2: "was issued to another client".
    NOT_YOURS: "invalid_grant" BAD_REQUEST "token-not-yours" "the token was issued to another client",
    UNAVAILABLE: "temporarily_unavailable" SERVICE_UNAVAILABLE "unavailable"
        "the gateway cannot decide at the moment; try again",
    INTERNAL: "server_error" INTERNAL_SERVER_ERROR "internal" "a defect of the gateway",
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_fault_has_a_code_of_its_own_and_words_that_rfc_6749_allows() {
        let codes: BTreeSet<_> = Fault::ALL.iter().map(|fault| fault.code).collect();
        assert_eq!(codes.len(), Fault::ALL.len());
        for fault in Fault::ALL {
            assert!(fault.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{fault:?}");
            assert!(fault.error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{fault:?}");
            // RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E, that is ASCII without `"` and `\`.
            let fits = |byte: u8| (0x20..=0x7e).contains(&byte) && byte != b'"' && byte != b'\\';
            assert!(fault.description.bytes().all(fits), "{fault:?}");
        }
    }
}

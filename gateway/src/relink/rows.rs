//! Where are requests kept, and is each approved and opened once?
//!
//! Every statement is safe to repeat: one whose answer was lost finds its own sealed octets there.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::store::{DatabaseError, Statement, Store};

const INSERT: &str = "INSERT INTO relink_request (id, request, expires_at) VALUES ($1, $2, $3) \
    ON CONFLICT (id) DO NOTHING";
const FIND: &str = "SELECT request, approval, opening FROM relink_request WHERE id = $1";
const APPROVE: &str =
    "UPDATE relink_request SET approval = $2 WHERE id = $1 AND (approval IS NULL OR approval = $2)";
const OPEN: &str =
    "UPDATE relink_request SET opening = $2 WHERE id = $1 AND (opening IS NULL OR opening = $2)";

/// A request as stored.
pub(super) struct RequestRow {
    pub(super) request: Vec<u8>,
    pub(super) approval: Option<Vec<u8>>,
    pub(super) opened: bool,
}

pub(super) async fn insert(
    store: &Store,
    id: Uuid,
    sealed: &[u8],
    expires_at: OffsetDateTime,
) -> Result<(), DatabaseError> {
    store.write(Statement::new(INSERT).bind(id).bind(sealed).bind(expires_at)).await.map(drop)
}

pub(super) async fn find(store: &Store, id: Uuid) -> Result<Option<RequestRow>, DatabaseError> {
    let found = store.read(Statement::new(FIND).bind(id)).await?;
    let row = found.first().map(|row| {
        Ok(RequestRow {
            request: row.bytes("request")?.to_owned(),
            approval: row.optional_bytes("approval")?.map(<[u8]>::to_owned),
            opened: row.optional_bytes("opening")?.is_some(),
        })
    });
    row.transpose()
}

/// Whether it is this approval that stands.
pub(super) async fn approve(store: &Store, id: Uuid, sealed: &[u8]) -> Result<bool, DatabaseError> {
    Ok(store.write(Statement::new(APPROVE).bind(id).bind(sealed)).await? == 1)
}

/// Whether it was this opening that spent the request.
pub(super) async fn open(store: &Store, id: Uuid, sealed: &[u8]) -> Result<bool, DatabaseError> {
    Ok(store.write(Statement::new(OPEN).bind(id).bind(sealed)).await? == 1)
}

//! Which code folded a file. A file of another version is thrown away.

use crate::sql::SCHEMA;
use sha2::{Digest, Sha256};

/// Raised with every change to the schema or to what the projector writes; a test holds it to `FOLDED_BY`.
pub const READMODEL_VERSION: u32 = 8;

/// SHA-256 over `schema.sql` and `apply/` of [`READMODEL_VERSION`].
#[cfg(test)]
pub(crate) const FOLDED_BY: (u32, &str) =
    (8, "58afaecd340fa940542138a8617852d7a09d926c8cd65c0c60ef1a25a38633af");

/// SHA-256 of the schema, stored in the file beside the version: second line against a forgotten bump.
pub(crate) fn schema_hash() -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(SCHEMA.as_bytes()))
}

//! Which code folded a file. A file of another version is thrown away.

use crate::sql::SCHEMA;
use sha2::{Digest, Sha256};

/// Raised with every change to the schema or to what the projector writes; a test holds it to `FOLDED_BY`.
pub const READMODEL_VERSION: u32 = 10;

/// SHA-256 over `schema.sql` and `apply/` of [`READMODEL_VERSION`].
#[cfg(test)]
pub(crate) const FOLDED_BY: (u32, &str) =
    (10, "f98f9951ef690314f4ef82bfe90159fb54104575c7b8a38c58a5579f0fd44b61");

/// SHA-256 of the schema, stored in the file beside the version: second line against a forgotten bump.
pub(crate) fn schema_hash() -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(SCHEMA.as_bytes()))
}

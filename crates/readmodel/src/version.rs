//! Which code folded a file. A file of another version is thrown away.

use crate::sql::SCHEMA;
use sha2::{Digest, Sha256};

/// Raised with every change to the schema or to what the projector writes; a test holds it to `FOLDED_BY`.
pub const READMODEL_VERSION: u32 = 7;

/// SHA-256 over `schema.sql` and `apply/` of [`READMODEL_VERSION`].
#[cfg(test)]
pub(crate) const FOLDED_BY: (u32, &str) =
    (7, "aa93627be1bcac8281e1f107a2292ae66c662435a7eafb02361c2a6de32ce2a8");

/// SHA-256 of the schema, stored in the file beside the version: second line against a forgotten bump.
pub(crate) fn schema_hash() -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(SCHEMA.as_bytes()))
}

//! Entitlements (what an application may do) and the privilege labels administrators know them by. The
//! table is data with a version; this build carries a starting set.

/// Version of the table, shown wherever labels are.
pub const TABLE_VERSION: &str = "2026-11";

/// Label of an entitlement id, when the table knows it.
pub fn privilege_label(_entitlement: &str) -> Option<&'static str> {
    unimplemented!()
}

/// Whether a text has the form of an entitlement id: dotted lower-case words and a final verb in capitals.
pub fn is_well_formed(_entitlement: &str) -> bool {
    unimplemented!()
}

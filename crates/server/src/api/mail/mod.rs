//! How mail goes, for staff.

pub mod get;

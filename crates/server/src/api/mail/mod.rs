//! How mail goes, and to whom it goes no more, for staff.

pub mod get;
pub mod readmit;

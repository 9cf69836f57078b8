//! Sessions of developers and of staff.

pub mod sign_in;
pub mod sign_in_staff;
pub mod sign_out;

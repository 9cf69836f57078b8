//! The HTTP interface as a black box: what is refused, how, and what holds across requests.

mod allowances;
mod authorisation;
mod codes;
mod contact_advice;
mod contact_checks;
mod door;
mod envoy;
mod gateways;
mod idempotency;
mod in_force;
mod malformed;
mod preconditions;
mod promotion;
mod proof_page;
mod returned_mail;
mod routing;
mod secrets;
mod sign_in;
mod sites;
mod standing_still;
mod tenancy;
mod usage;

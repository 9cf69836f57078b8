#![no_main]

#[path = "../../src/dns"]
mod dns {
    pub(crate) mod answer;
}
use reachability::globality;

#[path = "../properties/dns_answer.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    property::holds(bytes);
});

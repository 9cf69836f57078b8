#![no_main]

#[path = "../properties/dsn.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    property::holds(bytes);
});

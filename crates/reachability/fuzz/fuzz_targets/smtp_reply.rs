#![no_main]
#![expect(dead_code, reason = "of what is included only the reading is played")]

#[path = "../../src/limits.rs"]
mod limits;
#[path = "../../src/smtp"]
mod smtp {
    pub(crate) mod reply;
}
#[path = "../properties/smtp_reply.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    property::holds(bytes);
});

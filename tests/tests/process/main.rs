//! The program as a process: what survives it, what it refuses to start on, and what it leaves on disk.

mod counting;
mod durability;
mod own_door;
mod secrecy;
mod starting;

use portal_tests::process::Installation;
use server::demo::smtp_sink::SmtpSink;

const PROGRAM: &str = env!("CARGO_BIN_EXE_portal-under-test");

fn install(sink: &SmtpSink) -> Installation {
    Installation::new(PROGRAM, sink.url())
}

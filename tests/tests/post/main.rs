//! The portal among real mail programs: its relay as shipped, a vendor's mail server, one that greylists and names that
//! are looked up, in a network of their own without a way out. Needs root, for Postfix does.

mod mailbox;
mod network;
mod parts;
mod scenes;

use std::process::ExitCode;

fn main() -> ExitCode {
    network::enter(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
        runtime.block_on(scenes::play())
    })
}

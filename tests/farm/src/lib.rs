//! Name servers and mail servers that do as a script says, on real sockets: a resolver with zones, and a server at
//! every address the zones lead to. Scripts are texts ([`script`]), so that a table of situations is data.
//!
//! Where the kernel lets it, the farm lives in a network namespace of its own ([`world`]): there is only a loopback
//! interface, every address is on it, and port 25 is free. What plays in it needs no injected parts. Elsewhere servers
//! listen on ports of the loopback interface, and whoever dials asks [`Farm::door`] where a host is.

pub mod certificates;
pub mod chance;
mod farm;
pub mod hostile;
mod journal;
pub mod names;
mod play;
pub mod script;
mod stage;
pub mod table;
pub mod world;

pub use farm::Farm;
pub use journal::Journal;
pub use script::{Situation, Want};
pub use world::World;

//! The invariants of `ARCHITECTURE.md`, read from `cargo metadata` and the sources. Each test is one numbered
//! sentence there; the last ones hold the documents to the tree.

#![cfg(test)]

mod documents;
mod lexer;
mod limits;
mod manifests;
mod placement;
mod sources;

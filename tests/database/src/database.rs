//! A database of a test's own.

use crate::postgres::Postgres;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// An empty database, in a server that the tests running at the same time share.
pub struct Database {
    server: Arc<Postgres>,
    name: String,
}

impl Database {
    /// Makes one; starts the server unless it runs.
    #[expect(clippy::new_without_default, reason = "it starts a program")]
    pub fn new() -> Self {
        static SERVER: Mutex<(Weak<Postgres>, u32)> = Mutex::new((Weak::new(), 0));
        let mut shared = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
        let server = shared.0.upgrade().unwrap_or_else(|| Arc::new(Postgres::start()));
        shared.0 = Arc::downgrade(&server);
        shared.1 += 1;
        let name = format!("test_{}", shared.1);
        server.query(&format!("CREATE DATABASE {name}"));
        Self { server, name }
    }

    /// Where it is reached.
    pub fn url(&self) -> String {
        self.server.url_of(&self.name)
    }

    /// Runs a statement in it and returns what it prints.
    pub fn query(&self, statement: &str) -> String {
        self.server.query_in(&self.name, statement)
    }
}

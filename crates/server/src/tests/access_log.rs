//! The access log names routes, never what came with them.

use super::World;
use actix_web::test::TestRequest;
use serde_json::json;
use std::{
    io::Write,
    sync::{Arc, Mutex},
};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[actix_web::test]
async fn no_query_path_address_password_or_header_reaches_the_log() {
    let world = World::new().await;
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let canary = json!({"email": "canary@acme.test", "password": "canary password", "code": "canary"});
    for uri in
        ["/v1/lookup/canary?q=canary", "/v1/sessions?email=canary@acme.test", "/canary", "/v1/groups/canary"]
    {
        let request = TestRequest::post().uri(uri).set_json(&canary);
        world.send(request.insert_header(("authorization", "Bearer canary"))).await;
        world.send(TestRequest::get().uri(uri).insert_header(("user-agent", "canary"))).await;
    }
    drop(guard);
    let log = String::from_utf8(lines.0.lock().expect("not poisoned").clone()).expect("UTF-8");
    let access: Vec<&str> = log.lines().filter(|line| line.contains("\"target\":\"access\"")).collect();
    assert_eq!(access.len(), 8, "{log}");
    assert!(log.contains("/v1/lookup/{integration}"), "{log}");
    assert!(!log.contains("canary"), "{log}");
}

//! The two ways in, as the operator's mail server uses them: a folder on a real file system and a real socket.

#![cfg(test)]

mod folder;
mod listener;

use domain::ids::IntentId;
use reachability::{
    dsn::{DsnError, Report, ReturnPaths},
    inbound::{Handler, NotTaken},
};
use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Remembers what came, and can be full for a while.
#[derive(Default)]
struct Desk {
    is_full: AtomicBool,
    reports: Mutex<Vec<Report>>,
    ignored: Mutex<Vec<DsnError>>,
}

impl Handler for Desk {
    async fn take(&self, report: Report) -> Result<(), NotTaken> {
        if self.is_full.load(Ordering::SeqCst) {
            return Err(NotTaken);
        }
        self.reports.lock().unwrap().push(report);
        Ok(())
    }

    fn ignored(&self, why: DsnError) {
        self.ignored.lock().unwrap().push(why);
    }
}

impl Desk {
    fn reports(&self) -> usize {
        self.reports.lock().unwrap().len()
    }

    fn ignored_names(&self) -> Vec<&'static str> {
        self.ignored.lock().unwrap().iter().map(|why| why.name()).collect()
    }
}

fn paths() -> ReturnPaths {
    ReturnPaths::new(Zeroizing::new([7; 32]), "bounces.portal-mail.org").unwrap()
}

fn path() -> String {
    paths().mint(IntentId::from_uuid(Uuid::from_u128(42)))
}

fn report() -> String {
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
     --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\n\
     Final-Recipient: rfc822; ada@vendor.org\nAction: failed\nStatus: 5.1.1\n\n--b--\n"
        .to_owned()
}

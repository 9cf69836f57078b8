//! The journeys of the three people and their gateway, as calls over HTTP. Each checks what it is answered.

pub mod customer;
pub mod gateway;
pub mod registering;
pub mod staff;
pub mod vendor;

use super::{
    DemoError,
    mail::Mail,
    smtp_sink::SmtpSink,
    transcript::{Step, Transcript},
};
use std::time::{Duration, Instant};

/// How long a mail may take from the request that causes it.
const MAIL_PATIENCE: Duration = Duration::from_secs(20);

/// What all journeys share: where steps are written down, and where mails arrive.
pub struct Scene<'s> {
    /// Where steps are written down.
    pub transcript: &'s mut Transcript,
    /// Where mails arrive.
    pub mails: &'s SmtpSink,
}

impl Scene<'_> {
    /// Waits for an address's `nth` mail (from 1).
    pub async fn mail(
        &mut self,
        actor: &'static str,
        step: &str,
        address: &str,
        nth: usize,
    ) -> Result<Mail, DemoError> {
        self.transcript.progress("waiting for the mail")?;
        let begun = Instant::now();
        let mail = self.mails.wait_for(address, nth, MAIL_PATIENCE).await?;
        let said = format!("to {address}: {}", mail.subject());
        self.transcript.step(&Step::quiet(actor, step, begun.elapsed(), said))?;
        Ok(mail)
    }

    /// Waits for an address's `nth` mail (from 1) and reads the code in it.
    pub async fn code(
        &mut self,
        actor: &'static str,
        step: &str,
        address: &str,
        nth: usize,
    ) -> Result<String, DemoError> {
        let mail = self.mail(actor, step, address, nth).await?;
        mail.code().ok_or(DemoError::Without("a code on a line of its own in the mail"))
    }
}

/// Holds what must be so.
fn must(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}

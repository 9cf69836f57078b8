//! What has to be done from time to time whether or not mail is sent.

use crate::App;
use chrono::TimeDelta;
use std::{future::Future, pin::pin};

/// How often.
const EVERY: TimeDelta = TimeDelta::minutes(1);

impl App {
    /// Records what has ended by time and deletes what has run out, until told to stop.
    pub async fn keep_house(&self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        loop {
            if let Err(error) = self.record_deadlines().await {
                tracing::warn!(%error, "deadlines that passed are not recorded yet");
            }
            if let Err(error) = self.inner.side.purge(self.inner.clock.now()).await {
                tracing::warn!(%error, "what has run out is not deleted yet");
            }
            let next = self.inner.clock.now() + EVERY;
            tokio::select! {
                () = &mut shutdown => return,
                () = self.inner.clock.wait_until(next) => {}
            }
        }
    }
}

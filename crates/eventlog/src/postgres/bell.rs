//! How a node hears of what others append: the database rings with each commit, and a look every half second
//! finds what a lost ring would have told.

use super::known::{HeadRow, Known, OtherHistory, signed};
use super::{session, sql};
use crate::Position;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Between two looks at a head that nobody rings for.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A look that takes longer is none.
const LOOK_MAX: Duration = Duration::from_secs(2);

/// Looks at the head in the database, and shows what it finds to readers.
pub(super) async fn look(known: &Known, readers: &PgPool) -> Result<Result<(), OtherHistory>, sqlx::Error> {
    let asked = known.head();
    let found = sqlx::query(sql::HEAD).bind(signed(asked.position.0)).fetch_one(readers);
    let row = timeout(LOOK_MAX, found).await.map_err(|_| sqlx::Error::PoolTimedOut)??;
    Ok(known.learn(&asked, &HeadRow::read(&row)?))
}

pub(super) struct Bell {
    pub(super) known: Arc<Known>,
    pub(super) readers: PgPool,
    pub(super) options: PgConnectOptions,
}

/// A session that listens.
struct Ear {
    listener: PgListener,
    /// The newest commit it was rung for, this node's own included; at first what a look has found.
    heard: Option<Position>,
}

impl Bell {
    /// Runs until it is aborted or the database holds another history.
    pub(super) async fn run(self) {
        let (mut ear, mut is_away) = (None, false);
        loop {
            if ear.is_none() {
                ear = listen(&self.options).await;
            }
            match look(&self.known, &self.readers).await {
                Ok(Ok(())) => is_away = false,
                Ok(Err(OtherHistory { .. })) => return,
                Err(error) => {
                    if !is_away {
                        tracing::warn!(%error, "the log's head can't be looked at; it is tried again");
                    }
                    is_away = true;
                }
            }
            let is_listening = if let Some(ear) = &mut ear {
                self.wait(ear).await
            } else {
                tokio::time::sleep(LOOK_EVERY).await;
                false
            };
            if !is_listening {
                ear = None;
            }
        }
    }

    /// Waits for a ring about something that is not known yet, or for the time of a look. Whether the session
    /// still hears: one whose other end is gone without a word does not know it.
    async fn wait(&self, ear: &mut Ear) -> bool {
        let due = self.known.head().position;
        let heard = ear.heard.get_or_insert(due);
        let ring = async {
            loop {
                match ear.listener.try_recv().await {
                    Ok(Some(ring)) => *heard = place_in(ring.payload()).max(*heard),
                    Ok(None) | Err(_) => return false,
                }
                if *heard > self.known.head().position {
                    return true;
                }
            }
        };
        match timeout(LOOK_EVERY, ring).await {
            Ok(still) => still,
            Err(_) => *heard >= due,
        }
    }
}

/// A ring that names no position is about nothing.
fn place_in(payload: &str) -> Position {
    Position(payload.parse().unwrap_or_default())
}

async fn listen(options: &PgConnectOptions) -> Option<Ear> {
    let listening = async {
        // Not a place in a pool that a dead session may hold.
        let mut listener = PgListener::connect_with(&session::listener(options)).await?;
        listener.eager_reconnect(false);
        listener.listen(sql::BELL).await?;
        Ok::<_, sqlx::Error>(Ear { listener, heard: None })
    };
    match timeout(LOOK_MAX, listening).await {
        Ok(Ok(ear)) => Some(ear),
        Ok(Err(error)) => {
            tracing::debug!(%error, "the log's bell can't be heard; its head is looked at instead");
            None
        }
        Err(_) => None,
    }
}

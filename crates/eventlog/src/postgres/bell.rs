//! How a node hears of what others append: the database rings with each commit, and a look every half second
//! finds what a lost ring would have told.

use super::known::{HeadRow, Known, OtherHistory, signed};
use super::{session, sql};
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

/// How a wait for the bell ended.
enum Woken {
    Rung,
    Silence,
    /// The listening session is gone.
    Deaf,
}

impl Bell {
    /// Runs until it is aborted or the database holds another history.
    pub(super) async fn run(self) {
        let sessions = session::listener(&self.options);
        let (mut listener, mut is_away) = (None, false);
        let mut woken = Woken::Rung;
        loop {
            if listener.is_none() {
                listener = listen(&sessions).await;
            }
            let before = self.known.head().position;
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
            let was_missed = matches!(woken, Woken::Silence) && self.known.head().position > before;
            if was_missed {
                // A session whose other end is gone without a word hears nothing and does not know it.
                listener = None;
                woken = Woken::Deaf;
                continue;
            }
            woken = self.wait(listener.as_mut()).await;
            if matches!(woken, Woken::Deaf) {
                listener = None;
            }
        }
    }

    /// Waits for a ring about something that is not known yet, or for the time of a look.
    async fn wait(&self, listener: Option<&mut PgListener>) -> Woken {
        let Some(listener) = listener else {
            tokio::time::sleep(LOOK_EVERY).await;
            return Woken::Deaf;
        };
        let ring = async {
            loop {
                match listener.try_recv().await {
                    Ok(Some(ring)) if self.is_news(ring.payload()) => return Woken::Rung,
                    Ok(Some(_)) => {}
                    Ok(None) | Err(_) => return Woken::Deaf,
                }
            }
        };
        timeout(LOOK_EVERY, ring).await.unwrap_or(Woken::Silence)
    }

    /// What this node appended itself is known already.
    fn is_news(&self, payload: &str) -> bool {
        payload.parse().map_or(true, |position: u64| position > self.known.head().position.0)
    }
}

async fn listen(sessions: &PgPool) -> Option<PgListener> {
    let listening = async {
        let mut listener = PgListener::connect_with(sessions).await?;
        listener.eager_reconnect(false);
        listener.listen(sql::BELL).await?;
        Ok::<_, sqlx::Error>(listener)
    };
    match timeout(LOOK_MAX, listening).await {
        Ok(Ok(listener)) => Some(listener),
        Ok(Err(error)) => {
            tracing::debug!(%error, "the log's bell can't be heard; its head is looked at instead");
            None
        }
        Err(_) => None,
    }
}

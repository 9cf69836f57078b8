//! The log on PostgreSQL, shared by any number of nodes. The database holds the records and the row of the
//! head; whoever appends locks that row, so the order of positions is the order of commits, whichever node they
//! come from. A node keeps no index: what an append rests on is looked up behind the lock.

mod bell;
mod known;
mod reads;
mod schema;
mod session;
mod sql;
mod turn;
mod writer;

#[cfg(test)]
mod tests;

use crate::batch::Prepared;
use crate::writer::{Reply, Submission};
use crate::{AppendError, Head, Now, OnFatal, OpenError, Position, QUEUE_MAX};
use bell::Bell;
use known::{HeadRow, Known};
use sqlx::PgPool;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use writer::Writer;

/// How to open a log on PostgreSQL.
#[derive(Clone)]
pub struct PostgresOptions {
    /// `postgres://user:password@host/database`. The log has tables of its own in it, named `log_…`. A proxy that
    /// pools must keep a session for a client as long as the client stays.
    pub url: String,
    /// Called once, with the reason, when the database turned out to hold another history than the one this
    /// node has followed: only a new process, with a read model built anew, can go on.
    pub on_fatal: Option<OnFatal>,
}

/// The engine behind [`EventLog::open_postgres`](crate::EventLog::open_postgres).
pub struct PostgresLog {
    known: Arc<Known>,
    readers: PgPool,
    queue: Mutex<Option<mpsc::Sender<Submission>>>,
    writer_done: watch::Receiver<()>,
    bell: JoinHandle<()>,
}

impl PostgresLog {
    /// Connects, brings the schema up to date, and makes the log when there is none.
    pub(crate) async fn open(options: PostgresOptions, now: Now) -> Result<Self, OpenError> {
        let sessions = session::options(&options.url).map_err(session::unusable)?;
        // In a task of its own, so that who gives up waiting does not leave half of it.
        let preparing = tokio::spawn({
            let sessions = sessions.clone();
            async move { schema::prepare(&sessions).await }
        });
        preparing.await.map_err(|error| OpenError::Database(Box::new(error)))??;
        let readers = session::readers(&sessions);
        let row = sqlx::query(sql::HEAD).bind(0_i64).fetch_one(&readers).await.map_err(session::unusable)?;
        let row = HeadRow::read(&row).map_err(session::unusable)?;
        reads::verify_tail(&Known::new(&row, None), &readers).await?;
        let known = Arc::new(Known::new(&row, options.on_fatal));
        let (sender, queue) = mpsc::channel(QUEUE_MAX);
        let writer =
            Writer { known: Arc::clone(&known), options: sessions.clone(), now, queue, session: None };
        let (done, writer_done) = watch::channel(());
        tokio::spawn(async move {
            writer.run().await;
            drop(done);
        });
        let bell = Bell { known: Arc::clone(&known), readers: readers.clone(), options: sessions };
        let bell = tokio::spawn(bell.run());
        Ok(Self { known, readers, queue: Mutex::new(Some(sender)), writer_done, bell })
    }

    /// Queues a batch and waits for what becomes of it.
    pub(crate) async fn append(&self, batch: Prepared) -> Result<Reply, AppendError> {
        let (reply, answer) = oneshot::channel();
        self.submit(Submission { batch, reply })?;
        // Without an answer the writer panicked over the group.
        answer.await.map_err(|_| AppendError::Unknown)
    }

    fn submit(&self, submission: Submission) -> Result<(), AppendError> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queue.as_ref().ok_or(AppendError::Closed)?;
        queue.try_send(submission).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => AppendError::QueueFull,
            mpsc::error::TrySendError::Closed(_) => AppendError::Closed,
        })
    }

    /// The end as this node knows it.
    pub(crate) fn head(&self) -> Head {
        self.known.head()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Position> {
        self.known.watch()
    }

    pub(crate) fn is_writable(&self) -> bool {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).is_some() && self.known.is_current()
    }

    pub(crate) async fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let mut done = self.writer_done.clone();
        // It changes never, and ends with the writer.
        drop(done.changed().await);
        self.bell.abort();
        self.readers.close().await;
    }
}

impl Drop for PostgresLog {
    fn drop(&mut self) {
        self.bell.abort();
    }
}

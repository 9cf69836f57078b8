//! A projector at work.

use super::history::Portal;
use crate::{ProjectionError, Projector, ReadModel, open};
use eventlog::Position;
use std::{path::Path, time::Duration};
use tokio::{sync::oneshot, task::JoinHandle};

const PATIENCE: Duration = Duration::from_secs(20);

/// A read model and the projector that moves it.
pub(super) struct Running {
    pub(super) model: ReadModel,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), ProjectionError>>,
}

impl Running {
    pub(super) fn start(model: ReadModel, projector: Projector) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(projector.run(async { stopped.await.unwrap_or_default() }));
        Self { model, stop, task }
    }

    pub(super) async fn reach(&self, position: Position) {
        let reached = self.model.wait_for(position, PATIENCE).await;
        assert!(reached.is_ok(), "{:?}", self.model.status());
    }

    pub(super) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }

    pub(super) async fn failure(self) -> ProjectionError {
        self.task.await.unwrap().unwrap_err()
    }
}

impl Portal {
    /// Opens in a folder and follows the log to its end.
    pub(super) async fn project_in(&self, folder: &Path) -> Running {
        let (model, projector) = open(folder, self.log.clone()).await.unwrap();
        let running = Running::start(model, projector);
        running.reach(self.log.head().position).await;
        running
    }

    pub(super) async fn project(&self) -> Running {
        self.project_in(&self.folder("live")).await
    }
}

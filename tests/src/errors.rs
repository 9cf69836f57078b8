//! Errors the servers of this process log: a test must not leave any.

use std::{
    fmt::{Debug, Write as _},
    sync::{Mutex, Once, PoisonError},
};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context, prelude::*, registry};

static LOGGED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Begins to listen, once a process; gives how many errors there are by now.
pub(crate) fn capture() -> usize {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| registry().with(Errors).init());
    LOGGED.lock().unwrap_or_else(PoisonError::into_inner).len()
}

/// Errors logged since then, by whichever test runs in this process.
pub(crate) fn since(before: usize) -> Vec<String> {
    LOGGED.lock().unwrap_or_else(PoisonError::into_inner)[before..].to_vec()
}

struct Errors;

impl<S: Subscriber> Layer<S> for Errors {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if *event.metadata().level() == Level::ERROR {
            let mut line = Line(event.metadata().target().to_owned());
            event.record(&mut line);
            LOGGED.lock().unwrap_or_else(PoisonError::into_inner).push(line.0);
        }
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").expect("a string takes everything");
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_error_is_kept_with_its_fields_and_a_warning_is_not() {
        let before = super::capture();
        tracing::warn!("a warning");
        tracing::error!(position = 7, "a failure");
        let since = super::since(before);
        assert_eq!(since.len(), 1);
        assert!(since[0].contains("position=7") && since[0].contains("a failure"), "{since:?}");
    }
}

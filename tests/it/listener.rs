//! One logger for the whole process, which hears every thread; a test listens to its own.

use std::cell::RefCell;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use log::{Level, LevelFilter, Log, Metadata, Record};

/// One line, as it was logged.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) level: Level,
    pub(crate) target: String,
    pub(crate) text: String,
}

thread_local! {
    static HEARD: RefCell<Option<Vec<Line>>> = const { RefCell::new(None) };
}

/// How often anything of the logger was called, by all threads.
pub(crate) static CALLS: AtomicUsize = AtomicUsize::new(0);

pub(crate) struct Listener;

impl Log for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        CALLS.fetch_add(1, Ordering::SeqCst);
        metadata.target().starts_with("papilio")
    }

    fn log(&self, record: &Record<'_>) {
        CALLS.fetch_add(1, Ordering::SeqCst);
        HEARD.with_borrow_mut(|heard| {
            // The filter a user would set: everything of the crate begins with its name.
            if let Some(lines) = heard
                && record.target().starts_with("papilio")
            {
                lines.push(Line {
                    level: record.level(),
                    target: record.target().to_owned(),
                    text: record.args().to_string(),
                });
            }
        });
    }

    fn flush(&self) {}
}

pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Listener).unwrap();
        log::set_max_level(LevelFilter::Debug);
    });
}

/// What this thread logs meanwhile. The lines are escaped enough to be lines.
pub(crate) fn heard(act: impl FnOnce()) -> Vec<Line> {
    install();
    HEARD.set(Some(Vec::new()));
    act();
    let lines = HEARD.take().unwrap();
    for line in &lines {
        assert!(!line.text.chars().any(char::is_control), "{line:?}");
    }
    lines
}

/// The text of all that this thread logs meanwhile.
pub(crate) fn texts(act: impl FnOnce()) -> Vec<String> {
    heard(act).into_iter().map(|line| line.text).collect()
}

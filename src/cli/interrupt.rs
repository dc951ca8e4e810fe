//! Ctrl-C on a terminal: it is left as it was found, and the exit code is 130.
//!
//! Owns what has to be put right. Where no terminal is involved there is nothing to put right, and the process ends as the
//! operating system does it, which a shell reports as 130 too.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

/// From here on an interrupt leaves a terminal in order.
pub(crate) fn watch() {
    if !io::stdout().is_terminal() && !io::stderr().is_terminal() {
        return;
    }
    // Without it an interrupt still ends the process.
    drop(ctrlc::set_handler(end));
}

/// Says that colours may be on, on standard output.
pub(crate) fn colours_are_on() {
    COLOURS.store(true, Ordering::Relaxed);
}

/// Says whether the cursor stands behind a progress display, on standard error.
pub(crate) fn progress_is_shown(on: bool) {
    PROGRESS.store(on, Ordering::Relaxed);
}

/// Keeps how the terminal is now for an interrupt, as long as the result lives.
pub(crate) fn remember_terminal() -> Remembered {
    #[cfg(unix)]
    echo::remember();
    Remembered(())
}

/// See [`remember_terminal`].
pub(crate) struct Remembered(());

impl Drop for Remembered {
    fn drop(&mut self) {
        #[cfg(unix)]
        echo::forget();
    }
}

fn end() {
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || tidy(&done));
    // A terminal that has been stopped takes nothing: then it is left as it is.
    is_done.recv_timeout(LONGEST_TIDYING).ok();
    std::process::exit(INTERRUPTED);
}

fn tidy(done: &Sender<()>) {
    #[cfg(unix)]
    echo::restore();
    if PROGRESS.load(Ordering::Relaxed) {
        drop(io::stderr().write_all(b"\n"));
    }
    if COLOURS.load(Ordering::Relaxed) {
        let mut stdout = io::stdout().lock();
        drop(stdout.write_all(b"\x1b[0m").and_then(|()| stdout.flush()));
        done.send(()).ok();
        // Standard output stays locked: no colour goes out behind the one that ends them.
        thread::park();
    }
    done.send(()).ok();
}

#[cfg(unix)]
mod echo {
    use std::fs::File;
    use std::io::{self, IsTerminal, Write};
    use std::os::fd::{AsFd, OwnedFd};
    use std::sync::{Mutex, PoisonError};

    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

    /// The terminal that is typed on, and how it was.
    static TERMINAL: Mutex<Option<(OwnedFd, Termios)>> = Mutex::new(None);

    pub(super) fn remember() {
        let stdin = io::stdin();
        let terminal = if stdin.is_terminal() {
            stdin.as_fd().try_clone_to_owned()
        } else {
            File::open("/dev/tty").map(OwnedFd::from)
        };
        let remembered = terminal.ok().and_then(|terminal| {
            let termios = tcgetattr(&terminal).ok()?;
            Some((terminal, termios))
        });
        *TERMINAL.lock().unwrap_or_else(PoisonError::into_inner) = remembered;
    }

    pub(super) fn forget() {
        *TERMINAL.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(super) fn restore() {
        let remembered = TERMINAL.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((terminal, termios)) = &*remembered {
            tcsetattr(terminal, OptionalActions::Now, termios).ok();
            drop(io::stderr().write_all(b"\n"));
        }
    }
}

static COLOURS: AtomicBool = AtomicBool::new(false);
static PROGRESS: AtomicBool = AtomicBool::new(false);
const INTERRUPTED: i32 = 130;
const LONGEST_TIDYING: Duration = Duration::from_millis(300);

//! `AppRuntime`: what an application runs in while the client it serves blocks.
//!
//! An application may spawn, sleep and open sockets as it does in a server, so it gets a runtime of tokio, which lives on
//! a thread of its own: nothing of it is seen by the thread that waits, which may itself be one of another runtime.

use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use tokio::runtime::{Builder, EnterGuard, Handle};
use tokio::task::{AbortHandle, unconstrained};

use crate::blocking::wait::block_on;
use crate::error::{Error, Kind, Result};

/// The runtime of one transport, if it has one already.
#[derive(Default)]
pub(super) struct Shared(Mutex<Option<Arc<AppRuntime>>>);

impl Shared {
    /// The runtime, which is started unless it runs.
    ///
    /// # Errors
    /// [`Kind::Connect`] if there is no thread for it.
    pub(super) fn get(&self) -> Result<Arc<AppRuntime>> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &*shared {
            return Ok(Arc::clone(runtime));
        }
        let runtime = AppRuntime::start().map_err(|e| {
            Error::new(Kind::Connect, "no thread for the application").with_source(e)
        })?;
        Ok(Arc::clone(shared.insert(Arc::new(runtime))))
    }

    /// Lets go of it: it ends with the last response that is still read.
    pub(super) fn close(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// A thread with a runtime. Dropped, it ends, and with it whatever the application has spawned.
pub(super) struct AppRuntime {
    handle: Handle,
    life: AbortHandle,
}

impl AppRuntime {
    fn start() -> io::Result<Self> {
        let (tell, told) = mpsc::sync_channel(1);
        // Made and dropped there: neither is allowed everywhere.
        thread::Builder::new()
            .name("papilio-app".into())
            .spawn(move || {
                let runtime = Builder::new_current_thread()
                    .enable_all()
                    .thread_name("papilio-app")
                    .build();
                let runtime = match runtime {
                    Ok(runtime) => runtime,
                    Err(error) => return drop(tell.send(Err(error))),
                };
                let life = runtime.spawn(pending::<()>());
                let this = Self {
                    handle: runtime.handle().clone(),
                    life: life.abort_handle(),
                };
                drop(tell.send(Ok(this)));
                // Ready when it is aborted.
                let _ = runtime.block_on(life);
                runtime.shutdown_background();
            })?;
        told.recv().map_err(io::Error::other)?
    }

    /// Runs this there while the calling thread waits.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T> {
        // On a thread of another runtime, that one's fairness must not end the wait: nothing would begin it anew.
        block_on(unconstrained(self.handle.spawn(work)))
            .map_err(|e| Error::new(Kind::Custom, "the application was torn down").with_source(e))
    }

    /// The runtime as the current one, for what an application does while it is dropped.
    pub(super) fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for AppRuntime {
    fn drop(&mut self) {
        self.life.abort();
    }
}

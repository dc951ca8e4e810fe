//! `Crank`: the thread that keeps connections of HTTP/2 going while nobody is in a call.
//!
//! Owns the thread and its runtime, which nobody else sees. Does not own what has to go on (`connection/http2/task.rs`).

use std::future::poll_fn;
use std::io;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use tokio::runtime::{Builder, Handle};

use crate::connection::http2::ConnectionTask;
use crate::error::{Error, Kind, Result};

/// One thread for the connections of one pool, `papilio-h2`, started by the first of them. It ends when the pool and
/// all its connections are gone; nobody waits for that.
#[derive(Default)]
pub(crate) struct Crank(Mutex<Option<(Handle, Arc<Alive>)>>);

impl Crank {
    /// Lets this go on.
    ///
    /// # Errors
    /// `Connect` if there is no thread for it.
    pub(super) fn turn(&self, task: ConnectionTask) -> Result<()> {
        let mut thread = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (runtime, alive) =
            match &*thread {
                Some(thread) => thread,
                None => thread.insert(start().map_err(|e| {
                    Error::new(Kind::Connect, "no thread for HTTP/2").with_source(e)
                })?),
            };
        let alive = Arc::clone(alive);
        drop(runtime.spawn(async move {
            task.await;
            drop(alive);
        }));
        Ok(())
    }
}

/// The runtime is made, run and dropped on its own thread, so that it is never in the way of one of the caller's.
fn start() -> io::Result<(Handle, Arc<Alive>)> {
    let gone = Arc::new(Mutex::new(Gone::default()));
    let alive = Arc::new(Alive(Arc::clone(&gone)));
    let (tell, told) = channel();
    thread::Builder::new()
        .name("papilio-h2".into())
        .spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            let handle = runtime.as_ref().map(|runtime| runtime.handle().clone());
            let _ = tell.send(handle.map_err(|e| io::Error::new(e.kind(), e.to_string())));
            if let Ok(runtime) = runtime {
                runtime.block_on(poll_fn(|cx| Gone::poll(&gone, cx)));
            }
        })?;
    let handle = told.recv().map_err(io::Error::other)??;
    Ok((handle, alive))
}

/// Held by the pool and by each connection; the thread ends with the last.
struct Alive(Arc<Mutex<Gone>>);

#[derive(Default)]
struct Gone {
    over: bool,
    waker: Option<Waker>,
}

impl Gone {
    fn poll(gone: &Mutex<Self>, cx: &Context<'_>) -> Poll<()> {
        let mut gone = gone.lock().unwrap_or_else(PoisonError::into_inner);
        if gone.over {
            return Poll::Ready(());
        }
        gone.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        let mut gone = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gone.over = true;
        let waker = gone.waker.take();
        drop(gone);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

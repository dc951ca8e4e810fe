//! `Call`: the request that the arguments describe, sent as often as it takes.
//!
//! Owns building and sending. Whether a request is tried again is `retry.rs`, what it carries `body.rs` and `auth.rs`.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use papilio::{Auth, Client, Headers, Request, StreamingResponse, Trace};

use super::Failure;
use super::args::{self, Args};
use super::body::Body;
use super::output::print_error;
use super::retry::{Next, Retry};

/// Everything it takes to send the request, once more if need be.
pub(crate) struct Call<'a> {
    args: &'a Args,
    client: &'a Client,
    body: Body,
    auth: Option<Arc<dyn Auth>>,
    trace: Option<Trace>,
    retry: Retry,
    began: Instant,
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        args: &'a Args,
        client: &'a Client,
        body: Body,
        auth: Option<Arc<dyn Auth>>,
        trace: Option<Trace>,
    ) -> Self {
        Self {
            args,
            client,
            body,
            auth,
            trace,
            retry: Retry::new(args),
            began: Instant::now(),
        }
    }

    /// Sends it, with these headers in place of its own, and again where that is due.
    pub(crate) fn send(&mut self, headers: &Headers) -> Result<StreamingResponse, Failure> {
        loop {
            let request = self.request(headers)?;
            let url = request.url.clone();
            let outcome = self.client.stream(request);
            if !self.body.is_repeatable() {
                return Ok(outcome?);
            }
            match self.retry.next(self.args.method(), &url, &outcome) {
                Next::Enough => return Ok(outcome?),
                Next::TooLong(message) => {
                    self.note(&message);
                    return Ok(outcome?);
                }
                Next::Again(pause, message) => {
                    // Its connection is free for the next try.
                    drop(outcome);
                    self.wait(pause, &message);
                }
            }
        }
    }

    /// Waits before the rest of a body that was cut is asked for; `false` if that has been tried often enough.
    pub(crate) fn may_resume(&mut self, error: &papilio::Error) -> bool {
        match self.retry.after_cut(error) {
            Next::Again(pause, message) => {
                self.wait(pause, &message);
                true
            }
            Next::Enough | Next::TooLong(_) => false,
        }
    }

    /// Since the first try began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Says something about the request, unless nothing is to be said.
    pub(crate) fn note(&self, message: &str) {
        if !self.args.quiet {
            print_error(message);
        }
    }

    fn wait(&self, pause: Duration, message: &str) {
        self.note(message);
        thread::sleep(pause);
    }

    fn request(&mut self, headers: &Headers) -> Result<Request, Failure> {
        let args = self.args;
        let mut builder = self.client.request(args.method(), args.url());
        for [name, value] in args::pairs(&args.headers) {
            builder = builder.header(name, value);
        }
        if !args.params.is_empty() {
            builder = builder.query(args::query(&args.params));
        }
        for [name, value] in args::pairs(&args.cookies) {
            builder = builder.cookie(name, value);
        }
        builder = self.body.give(builder)?;
        if let Some(auth) = &self.auth {
            builder = builder.auth(Arc::clone(auth));
        }
        let mut request = builder.build()?;
        request.headers.update(headers);
        if let Some(trace) = &self.trace {
            request.extensions_mut().insert(trace.clone());
        }
        Ok(request)
    }
}

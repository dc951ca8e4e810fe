//! What the topics share: the client with a single slot, and the check that follows every error.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::driver::{
    Client, ClientBuilder, Error, Headers, Limits, MockTransport, Request, Response, Result,
    Timeout,
};
use crate::server::{Seen, Server, ok};

/// Settings for a client with a single slot: one that is not given back makes the next request fail after a second.
pub(crate) fn one_slot() -> ClientBuilder<Client> {
    Client::builder()
        .limits(Limits::new().max_connections(1))
        .timeout(Timeout::all(Duration::from_secs(5)).pool(Duration::from_secs(1)))
        .trust_env(false)
}

/// A client with a single slot.
pub(crate) fn client() -> Client {
    one_slot().build().unwrap()
}

/// The error of what is done with a fresh client, which is as good as new afterwards.
#[track_caller]
pub(crate) fn fails<T>(attempt: impl FnOnce(&Client) -> Result<T>) -> Error {
    fails_on(&client(), attempt)
}

/// As [`fails`], with this client; it should have a single slot.
#[track_caller]
pub(crate) fn fails_on<T>(client: &Client, attempt: impl FnOnce(&Client) -> Result<T>) -> Error {
    let Err(error) = attempt(client) else {
        panic!("this should have failed");
    };
    println!("{error}");
    clean_after(client);
    error
}

/// The slot is free again: a good request is served at once, and nothing else is going on.
#[track_caller]
pub(crate) fn clean_after(client: &Client) {
    let good = Server::always(ok("good"));
    let began = Instant::now();
    let response = client.get(good.url("/")).send();
    assert_eq!(
        response.expect("a good request after an error").text(),
        "good"
    );
    assert!(
        began.elapsed() < Duration::from_millis(900),
        "it had to wait"
    );
    let state = format!("{client:?}");
    assert!(
        state.contains("Requests: 0 active, 0 queued") && state.contains("0 active, 1 idle"),
        "{state}"
    );
}

/// The names of the fields, in the order and case they were sent.
pub(crate) fn names(seen: &Seen) -> Vec<&str> {
    seen.headers.iter().map(|(name, _)| name.as_str()).collect()
}

/// A request that reached a [`mocked`] client's transport.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// Method and URL.
    pub(crate) line: String,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

impl Sent {
    /// The value of the only field of that name.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let mut values = self.headers.get_all(name);
        let value = values.next().map(Into::into);
        assert_eq!(values.next(), None, "a second {name} in {self:?}");
        value
    }
}

/// The requests of a [`mocked`] client, in their order.
#[derive(Clone, Default)]
pub(crate) struct Record(Arc<Mutex<Vec<Sent>>>);

impl Record {
    pub(crate) fn all(&self) -> Vec<Sent> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.all().into_iter().map(|sent| sent.line).collect()
    }

    /// The values of a field, request by request.
    pub(crate) fn header(&self, name: &str) -> Vec<Option<String>> {
        self.all().iter().map(|sent| sent.header(name)).collect()
    }

    pub(crate) fn add(&self, request: &Request) {
        self.0.lock().unwrap().push(Sent {
            line: format!("{} {}", request.method, request.url),
            headers: request.headers.clone(),
            body: request.content().unwrap_or_default().to_vec(),
        });
    }
}

/// A client whose requests go to this function instead of the network, and what went there.
pub(crate) fn mocked(
    builder: ClientBuilder<Client>,
    answer: impl Fn(&Request) -> Response + Send + Sync + 'static,
) -> (Client, Record) {
    let record = Record::default();
    let seen = record.clone();
    let transport = MockTransport::new(move |request| {
        seen.add(request);
        Ok(answer(request))
    });
    (builder.transport(transport).build().unwrap(), record)
}

/// A response without a body.
pub(crate) fn empty(status: u16) -> Response {
    Response::builder(status).bytes("")
}

/// A redirect.
pub(crate) fn moved(status: u16, location: &str) -> Response {
    Response::builder(status)
        .header("Location", location)
        .bytes("moved")
}

/// As a list, for comparisons.
pub(crate) fn statuses(history: &[Arc<Response>]) -> Vec<u16> {
    history.iter().map(|r| r.status().as_u16()).collect()
}

//! A client for an API whose tokens run out: it fetches one when it has none and a new one when the old is refused, and
//! the caller never sees it.
//!
//! `cargo run --example token_refresh`; a function plays the API and its login server, whose tokens are good for two
//! requests.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use papilio::{
    Auth, AuthFlow, AuthStep, Client, Error, Kind, MockTransport, Request, Response, Result,
};

/// The token of an account, shared by all requests of a client.
#[derive(Clone)]
struct Account {
    login: &'static str,
    secret: String,
    token: Arc<Mutex<Option<String>>>,
}

impl Account {
    fn new(login: &'static str, secret: impl Into<String>) -> Self {
        Self {
            login,
            secret: secret.into(),
            token: Arc::default(),
        }
    }

    fn token(&self) -> Option<String> {
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        token.clone()
    }

    fn set_token(&self, token: Option<String>) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }
}

impl Auth for Account {
    fn flow(&self) -> Box<dyn AuthFlow> {
        Box::new(Round {
            account: self.clone(),
            used: None,
            state: State::Asked,
        })
    }
}

/// The authentication of one request.
struct Round {
    account: Account,
    /// The token it was sent with.
    used: Option<String>,
    state: State,
}

enum State {
    /// The request was or is sent with the token there is.
    Asked,
    /// A new token is on its way.
    Fetching,
    /// It was sent with a new token: there is nothing better.
    Renewed,
}

impl AuthFlow for Round {
    fn next(&mut self, request: &mut Request, last: Option<&Response>) -> Result<AuthStep> {
        match (&self.state, last) {
            (State::Fetching, Some(answer)) => {
                if !answer.is_success() {
                    return Err(Error::new(Kind::Custom, "the login server gave no token"));
                }
                self.account.set_token(Some(answer.text().into_owned()));
                self.state = State::Renewed;
            }
            (State::Renewed, Some(_)) => return Ok(AuthStep::Done),
            // Another request may have fetched a new one meanwhile.
            (State::Asked, Some(_)) if self.account.token() == self.used => {
                self.account.set_token(None);
            }
            _ => {}
        }
        match self.account.token() {
            Some(token) => {
                request
                    .headers
                    .insert("Authorization", format!("Bearer {token}"))?;
                self.used = Some(token);
                Ok(AuthStep::Send)
            }
            None => {
                self.state = State::Fetching;
                let fetch = Request::new("POST", self.account.login)?
                    .with_body(self.account.secret.as_str());
                Ok(AuthStep::SendFirst(Box::new(fetch)))
            }
        }
    }
}

fn main() -> Result<()> {
    let logins = Arc::new(AtomicU32::new(0));
    let client = Client::builder()
        .base_url("https://api.example.org/")
        .auth(Account::new("https://login.example.org/token", "swordfish"))
        .transport(server(Arc::clone(&logins)))
        .build()?;
    for number in 1..=5 {
        let response = client.get(format!("items/{number}")).send()?;
        println!(
            "{}: {} after {} answers on the way",
            response.error_for_status_ref()?.text(),
            response.status(),
            response.history().len()
        );
    }
    println!("{} tokens were fetched", logins.load(Ordering::Relaxed));
    Ok(())
}

/// The API and the login server.
fn server(
    logins: Arc<AtomicU32>,
) -> MockTransport<impl Fn(&Request) -> Result<Response> + Send + Sync> {
    let uses = AtomicU32::new(0);
    MockTransport::new(move |request| {
        if request.url.host() == "login.example.org" {
            if request.content()? != b"swordfish" {
                return Ok(Response::builder(403).text("who are you?"));
            }
            uses.store(0, Ordering::Relaxed);
            let number = logins.fetch_add(1, Ordering::Relaxed) + 1;
            return Ok(Response::builder(200).text(format!("token-{number}")));
        }
        let valid = format!("Bearer token-{}", logins.load(Ordering::Relaxed));
        let given = request.headers.get("Authorization");
        if given.as_deref() == Some(&valid) && uses.fetch_add(1, Ordering::Relaxed) < 2 {
            Ok(Response::builder(200).text(request.url.path()))
        } else {
            Ok(Response::builder(401).text("the token has run out"))
        }
    })
}

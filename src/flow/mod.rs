//! The client's mind: what is sent next. Plain code over values; no I/O, no threads, no clock of its own.
//!
//! This file owns [`Flow`]: one call, from the request the caller gave to the response the caller gets, with
//! authentication outside, redirects inside, cookies around every exchange. Does not own hooks, transports or the reading
//! of bodies; a driver does those in between.

pub(crate) mod auth;
pub(crate) mod defaults;
pub(crate) mod environment;
pub(crate) mod redirect;
pub(crate) mod route;

use std::sync::Arc;
use std::time::SystemTime;

use crate::error::{Error, Kind, Result};
use crate::flow::auth::BasicAuth;
use crate::flow::redirect::{Policy, Redirect, RedirectAction};
use crate::models::auth::{Auth, AuthFlow, AuthStep, ResponseHead};
use crate::models::cookies::Cookies;
use crate::models::exclusive::Exclusive;
use crate::models::request::{Choice, Request};
use crate::models::response::{Head, Response};

/// What a client was told about the sending of requests.
#[derive(Clone)]
pub(crate) struct Rules {
    pub(crate) auth: Option<Arc<dyn Auth>>,
    pub(crate) follow_redirects: bool,
    pub(crate) max_redirects: usize,
    pub(crate) policy: Option<Policy>,
    /// Headers that do not cross the border of an origin, besides those that never do.
    pub(crate) secrets: Vec<String>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            auth: None,
            follow_redirects: false,
            max_redirects: 20,
            policy: None,
            secrets: Vec::new(),
        }
    }
}

/// One call.
pub(crate) struct Flow<'a> {
    rules: &'a Rules,
    jar: &'a Cookies,
    /// The time of day, asked only where a cookie is at stake.
    clock: fn() -> SystemTime,
    follow: bool,
    auth: Option<Exclusive<Box<dyn AuthFlow>>>,
    /// The caller's request, while another one is in play: a redirected one, or one that authentication sends first.
    caller: Option<Box<Request>>,
    /// The request in play is one that authentication sends first.
    first: bool,
    /// What follows the redirect response that is being read.
    next: Option<Box<Request>>,
    challenges: Vec<Arc<Response>>,
    /// Of this round: between two steps of authentication.
    redirects: Vec<Arc<Response>>,
    /// The `Cookie` of the caller's request, where it is the jar's.
    cookie: Option<String>,
}

/// What becomes of a response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the caller's, unread.
    Return,
    /// It is to be read, and handed to [`Flow::absorbed`].
    Absorb,
}

/// What follows a response that was read.
pub(crate) enum Next {
    Send(Box<Request>),
    Return(Response),
}

impl<'a> Flow<'a> {
    /// A call, before its beginning.
    pub(crate) fn new(
        rules: &'a Rules,
        jar: &'a Cookies,
        request: &Request,
        clock: fn() -> SystemTime,
    ) -> Self {
        let scheme = match &request.options.auth {
            Choice::Given(scheme) => Some(Arc::clone(scheme)),
            Choice::Default => rules.auth.clone(),
            Choice::Off => None,
        };
        // Without a scheme, what the URL says is Basic (AUT-01).
        let auth = match scheme {
            Some(scheme) => Some(scheme.flow()),
            None => BasicAuth::from_url(&request.url).map(|basic| basic.flow()),
        };
        let given = match &auth {
            Some(_) => request.headers.get_bytes("Cookie"),
            None => None,
        };
        let cookie = given.and_then(|given| {
            jar.header_for(&request.url, clock())
                .filter(|own| own.as_bytes() == given)
        });
        Self {
            rules,
            jar,
            clock,
            follow: request
                .options
                .follow_redirects
                .unwrap_or(rules.follow_redirects),
            auth: auth.map(Exclusive::new),
            caller: None,
            first: false,
            next: None,
            challenges: Vec::new(),
            redirects: Vec::new(),
            cookie,
        }
    }

    /// Whether the body of the request has to be in memory before the beginning.
    pub(crate) fn requires_body(&mut self) -> bool {
        let auth = self.auth.as_mut().map(Exclusive::get_mut);
        auth.is_some_and(|auth| auth.requires_request_body())
    }

    /// Who is asked next what to send, at the beginning or after a response that was read; before that it may have to wait
    /// for something.
    pub(crate) fn asked_next(&mut self) -> Option<&mut (dyn AuthFlow + 'static)> {
        match self.next {
            Some(_) => None,
            None => self.auth.as_mut().map(|auth| &mut **auth.get_mut()),
        }
    }

    /// Begins the call, and leaves the first request to send in place of the caller's.
    pub(crate) fn start(&mut self, request: &mut Request) -> Result<()> {
        if let Some(mut first) = self.first_step(request)? {
            first.watch_like(request);
            // What was the first is the caller's from here on.
            std::mem::swap(&mut *first, request);
            self.caller = Some(first);
            self.first = true;
        }
        Ok(())
    }

    fn first_step(&mut self, request: &mut Request) -> Result<Option<Box<Request>>> {
        let Some(auth) = self.auth.as_mut().map(Exclusive::get_mut) else {
            return Ok(None);
        };
        match auth.next(request, None)? {
            AuthStep::Send => Ok(None),
            AuthStep::SendFirst(first) => Ok(Some(first)),
            AuthStep::Done => {
                self.auth = None;
                Ok(None)
            }
        }
    }

    /// Takes the cookies of a response, before anyone looks at it (COK-10).
    pub(crate) fn heard(&self, request: &Request, head: &Head) {
        if head.headers.contains("Set-Cookie") {
            let cookies = head.headers.values("Set-Cookie");
            self.jar.store(&request.url, cookies, (self.clock)());
        }
    }

    /// Decides about a response by its head, which holds its request.
    pub(crate) fn received(&mut self, head: &mut Head) -> Result<Verdict> {
        if head.has_redirect_location() {
            let next = self.redirected(head)?;
            if self.next.is_some() {
                return Ok(Verdict::Absorb);
            }
            head.next_request = next.map(Box::new);
        }
        let wanted = self.first
            || match (self.auth.as_mut().map(Exclusive::get_mut), &head.request) {
                (Some(auth), Some(request)) => {
                    auth.wants(ResponseHead::new(head.status, &head.headers, &request.url))
                }
                _ => false,
            };
        if wanted {
            head.next_request = None;
            return Ok(Verdict::Absorb);
        }
        if !(self.challenges.is_empty() && self.redirects.is_empty()) {
            head.history = self.history();
        }
        Ok(Verdict::Return)
    }

    /// Takes a response that was read, and says what follows it.
    pub(crate) fn absorbed(&mut self, mut response: Response) -> Result<Next> {
        response.head.history = self.history();
        if let Some(next) = self.next.take() {
            if response.head.history.len() >= self.rules.max_redirects {
                return Err(Error::new(
                    Kind::TooManyRedirects,
                    "Exceeded maximum allowed redirects.",
                )
                .for_request(*next)
                .with_response(response));
            }
            self.redirects.push(Arc::new(response));
            return Ok(Next::Send(next));
        }
        let Some(mut request) = self.take_caller(&mut response.head) else {
            return Ok(Next::Return(response));
        };
        let step = match self.auth.as_mut().map(Exclusive::get_mut) {
            Some(auth) => auth.next(&mut request, Some(&response)),
            None => Ok(AuthStep::Done),
        };
        let next = match step {
            Err(error) => return Err(error.for_request(*request)),
            Ok(AuthStep::Done) => return Ok(Next::Return(response)),
            Ok(AuthStep::Send) => {
                self.first = false;
                self.renew_cookies(&mut request);
                request
            }
            Ok(AuthStep::SendFirst(mut first)) => {
                first.watch_like(&request);
                self.first = true;
                self.caller = Some(request);
                first
            }
        };
        self.redirects.clear();
        self.challenges.push(Arc::new(response));
        Ok(Next::Send(next))
    }

    /// The request a redirect leads to: to be sent, when it goes to `self.next`, or to be shown to the caller.
    fn redirected(&mut self, head: &mut Head) -> Result<Option<Request>> {
        let Some(request) = &mut head.request else {
            return Ok(None);
        };
        let to = match redirect::location(&request.url, &head.headers) {
            Ok(to) => to,
            Err(error) if self.follow => return Err(error),
            Err(_) => return Ok(None),
        };
        let redirect = Redirect {
            status: head.status,
            from: &request.url,
            to: &to,
            followed: self.redirects.len(),
        };
        let follow = self.follow
            && self.rules.policy.as_ref().is_none_or(|policy| {
                let Policy(decide) = policy;
                decide(&redirect) == RedirectAction::Follow
            });
        if follow && !redirect::is_open(&request.url, &to) {
            let scheme = to.scheme();
            return Err(Error::new(
                Kind::UnsupportedProtocol,
                format!("Redirect to a URL with the unsupported protocol '{scheme}://'."),
            ));
        }
        if follow && self.auth.is_some() && self.caller.is_none() {
            // Authentication sends the caller's request again, not the redirected one (AUT-46).
            self.caller = Some(Box::new(request.shown()));
        }
        let mut next = redirect::follow(request, head.status, to, &self.rules.secrets);
        self.add_cookies(&mut next);
        if !follow {
            return Ok(Some(next));
        }
        if let Some(caller) = &mut self.caller {
            // A stream that no redirect wants any more belongs to the caller's request.
            if !self.first && caller.body.is_empty() && !request.body.is_empty() {
                caller.body = std::mem::take(&mut request.body);
            }
        }
        self.next = Some(Box::new(next));
        Ok(None)
    }

    /// The caller's request, for authentication to change; its response keeps a copy to show.
    fn take_caller(&mut self, head: &mut Head) -> Option<Box<Request>> {
        let Some(mut caller) = self.caller.take() else {
            let request = head.request.take()?;
            head.request = Some(request.shown());
            return Some(Box::new(request));
        };
        if let Some(request) = head
            .request
            .as_mut()
            .filter(|_| !self.first && caller.body.is_empty())
        {
            caller.body = std::mem::take(&mut request.body);
        }
        Some(caller)
    }

    fn add_cookies(&self, request: &mut Request) {
        if let Some(cookies) = self.jar.header_for(&request.url, (self.clock)()) {
            request.headers.push("Cookie", cookies.as_bytes());
        }
    }

    /// What the jar gave, or what nobody gave, is decided anew: cookies of a challenge go along (AUT-29, SEC-310).
    fn renew_cookies(&mut self, request: &mut Request) {
        let given = request.headers.get_bytes("Cookie");
        if given.is_some() && given != self.cookie.as_deref().map(str::as_bytes) {
            return;
        }
        self.cookie = self.jar.header_for(&request.url, (self.clock)());
        match &self.cookie {
            Some(cookies) => request.headers.replace("Cookie", cookies.as_bytes()),
            None => drop(request.headers.remove("Cookie")),
        }
    }

    fn history(&self) -> Vec<Arc<Response>> {
        self.challenges
            .iter()
            .chain(&self.redirects)
            .cloned()
            .collect()
    }
}

//! A crawler with limits: it stays on one host, asks for a page at a time per thread, reads no more of a page than it
//! needs, waits at most so long for each, and never connects to an address inside its own network.
//!
//! `cargo run --example crawler [URL]`; without a URL a function plays a small site, with a page that is too large, one
//! that redirects elsewhere, and a loop.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use papilio::{
    AddressPolicy, Client, Kind, Limits, MockTransport, RedirectAction, Request, Response,
    ResponseLimits, Result, Timeout, Url,
};

const THREADS: usize = 4;
const MOST_PAGES: usize = 100;
const LARGEST_PAGE: u64 = 1 << 20;

fn main() -> Result<()> {
    let builder = Client::builder()
        .user_agent("papilio-crawler/1.0 (+https://www.example.org/crawler)")
        .timeout(Timeout::all(Duration::from_secs(5)).total(Duration::from_secs(20)))
        .limits(Limits::client().max_connections(THREADS))
        .response_limits(ResponseLimits::default().body(LARGEST_PAGE))
        .follow_redirects(true)
        .redirect_policy(|redirect| match redirect.is_same_host() {
            true => RedirectAction::Follow,
            false => RedirectAction::Stop,
        });
    let (client, start) = match std::env::args().nth(1) {
        // A page must not lead the crawler to the machines behind it.
        Some(url) => (builder.address_policy(AddressPolicy::public_only()), url),
        None => (
            builder.transport(MockTransport::new(site)),
            "https://www.example.org/".to_owned(),
        ),
    };
    let crawl = Crawl::new(Url::parse(&start)?);
    let client = client.build()?;
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| crawl.work(&client));
        }
    });
    for (page, outcome) in crawl.into_outcomes() {
        println!("{page}: {outcome}");
    }
    Ok(())
}

/// What all threads share.
struct Crawl {
    host: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Url>,
    seen: HashSet<String>,
    running: usize,
    outcomes: BTreeMap<String, String>,
}

impl Crawl {
    fn new(start: Url) -> Self {
        let mut state = State::default();
        state.seen.insert(start.as_str().to_owned());
        let host = start.raw_host().to_owned();
        state.waiting.push_back(start);
        Self {
            host,
            state: Mutex::new(state),
        }
    }

    fn work(&self, client: &Client) {
        loop {
            let Some(url) = self.next() else {
                if self.with(|state| state.running == 0) {
                    return;
                }
                thread::sleep(Duration::from_millis(1));
                continue;
            };
            let (outcome, links) = match visit(client, &url) {
                Ok(found) => found,
                Err(error) if error.kind() == Kind::Limit => ("too large".to_owned(), Vec::new()),
                Err(error) => (error.to_string(), Vec::new()),
            };
            self.with(|state| {
                state.running -= 1;
                state.outcomes.insert(url.path().into_owned(), outcome);
                for link in links.into_iter().filter(|l| l.raw_host() == self.host) {
                    if state.seen.len() < MOST_PAGES && state.seen.insert(link.as_str().to_owned())
                    {
                        state.waiting.push_back(link);
                    }
                }
            });
        }
    }

    fn next(&self) -> Option<Url> {
        self.with(|state| {
            let url = state.waiting.pop_front()?;
            state.running += 1;
            Some(url)
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn into_outcomes(self) -> BTreeMap<String, String> {
        let state = self.state.into_inner();
        state.unwrap_or_else(PoisonError::into_inner).outcomes
    }
}

/// What a page is, and where it leads.
fn visit(client: &Client, url: &Url) -> Result<(String, Vec<Url>)> {
    let response = client.get(url.clone()).stream()?;
    if let Some(next) = response.next_request() {
        return Ok((
            format!("leads elsewhere, to {}", next.url.host()),
            Vec::new(),
        ));
    }
    let status = response.status();
    let kind = response.headers().get("Content-Type").unwrap_or_default();
    if !status.is_success() || !kind.starts_with("text/html") {
        // Dropped unread: nothing more of it is received.
        return Ok((format!("{} {kind}", status.as_u16()), Vec::new()));
    }
    let page = response.buffer()?;
    let text = page.text();
    // Enough for an example; real pages want an HTML parser.
    let links: Vec<Url> = text
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split_once('"'))
        .filter_map(|(link, _)| page.url().join(link).ok())
        .map(|link| link.without_fragment())
        .collect();
    Ok((format!("{} links", links.len()), links))
}

/// The site, if there is no other.
fn site(request: &Request) -> Result<Response> {
    let page = |links: &str| Ok(Response::builder(200).html(links));
    match request.url.path().as_ref() {
        "/" => page(r#"<a href="/moths">Moths</a> <a href="large">Large</a> <a href="logo.png">"#),
        "/moths" => page(
            r#"<a href="/#top">Home</a> <a href="/away">Away</a> <a href="https://elsewhere.example/">"#,
        ),
        "/large" => page(&"x".repeat(2 << 20)),
        "/logo.png" => Ok(Response::builder(200)
            .header("Content-Type", "image/png")
            .bytes(&b"\x89PNG"[..])),
        "/away" => Ok(Response::builder(302)
            .header("Location", "http://169.254.169.254/secrets")
            .text("")),
        _ => Ok(Response::builder(404).text("nothing here")),
    }
}

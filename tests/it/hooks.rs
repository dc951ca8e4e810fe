//! Hooks: when they run, what they may do, and the order of everything inside one call.

use std::sync::{Arc, Mutex};

use super::common::{empty, fails_on, mocked, moved, one_slot, statuses};
use super::driver::{
    Auth, AuthFlow, AuthStep, Client, DigestAuth, Error, Kind, MockTransport, Request, Response,
    Result, StreamingResponse, Transport,
};
use crate::server::{Server, ok, response, script};

/// What happened, in order.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    fn note(&self, entry: impl Into<String>) {
        self.0.lock().unwrap().push(entry.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// HOK-01
#[test]
fn hooks_run_in_order_and_can_be_replaced() {
    let diary = Diary::default();
    let asking = |name: &'static str| {
        let diary = diary.clone();
        move |_: &mut Request| {
            diary.note(name);
            Ok(())
        }
    };
    let answering = |name: &'static str| {
        let diary = diary.clone();
        move |_: &mut StreamingResponse| {
            diary.note(name);
            Ok(())
        }
    };
    let builder = Client::builder()
        .on_request(asking("a"))
        .on_response(answering("x"))
        .on_request(asking("b"))
        .on_response(answering("y"));
    let (mut client, _) = mocked(builder, |_| empty(200));
    client.get("http://h/").send().unwrap();
    assert_eq!(diary.take(), ["a", "b", "x", "y"]);
    // A clone has hooks of its own from the moment they differ.
    let other = client.clone();
    client.on_request(asking("c"));
    client.get("http://h/").send().unwrap();
    assert_eq!(diary.take(), ["a", "b", "c", "x", "y"]);
    client.clear_hooks();
    client.on_response(answering("z"));
    client.get("http://h/").send().unwrap();
    assert_eq!(diary.take(), ["z"]);
    other.get("http://h/").send().unwrap();
    assert_eq!(diary.take(), ["a", "b", "x", "y"]);
}

/// HOK-02, HOK-04
#[test]
fn a_request_hook_sees_and_changes_every_request_as_it_is_sent() {
    let diary = Diary::default();
    let noted = diary.clone();
    let builder = Client::builder()
        .follow_redirects(true)
        .auth(("u", "p"))
        .on_request(move |request| {
            let authorization = request.headers.get("Authorization").unwrap_or_default();
            noted.note(format!("{} {authorization}", request.url.path()));
            request
                .headers
                .insert("X-Hook", request.url.path().as_bytes())
        });
    let (client, record) = mocked(builder, |request| match request.url.path().as_ref() {
        "/" => moved(302, "/n"),
        _ => empty(200),
    });
    client.get("http://h/").send().unwrap();
    assert_eq!(diary.take(), ["/ Basic dTpw", "/n Basic dTpw"]);
    assert_eq!(
        record.header("X-Hook"),
        ["/", "/n"].map(|v| Some(v.to_owned()))
    );
}

/// HOK-03, HOK-04
#[test]
fn a_response_hook_sees_and_changes_every_head() {
    let diary = Diary::default();
    let noted = diary.clone();
    let builder = Client::builder()
        .follow_redirects(true)
        .on_response(move |response| {
            let line = format!(
                "{} {} {:?} {}",
                response.request().unwrap().url.path(),
                response.status(),
                statuses(response.history()),
                response.is_closed()
            );
            noted.note(line);
            assert!(response.next_request().is_none());
            response.headers_mut().insert("X-Seen", "yes")?;
            if response.url().path() == "/2" {
                // Taken away, there is nothing to follow.
                response.headers_mut().remove("Location");
            }
            Ok(())
        });
    let (client, _) = mocked(builder, |request| match request.url.path().as_ref() {
        "/" => moved(302, "/2"),
        _ => moved(302, "/3"),
    });
    let answer = client.get("http://h/").send().unwrap();
    assert_eq!(
        diary.take(),
        ["/ 302 Found [] false", "/2 302 Found [] false"]
    );
    assert_eq!(answer.url().path(), "/2");
    assert_eq!(answer.headers().get("x-seen").as_deref(), Some("yes"));
    assert_eq!(
        answer.history()[0].headers().get("x-seen").as_deref(),
        Some("yes")
    );
}

/// HOK-05
#[test]
fn a_hook_may_read_the_body() {
    let diary = Diary::default();
    let noted = diary.clone();
    let client = one_slot()
        .follow_redirects(true)
        .on_response(move |response| {
            let content = response.load()?;
            assert_eq!(response.load()?, content);
            noted.note(String::from_utf8_lossy(&content));
            Ok(())
        })
        .build()
        .unwrap();
    let server = Server::handler(|seen| match seen.target.as_str() {
        "/" => response("302 Found", &[("Location", "/n")], "moved"),
        _ => ok("the body"),
    });
    let answer = client.get(server.url("/")).send().unwrap();
    assert_eq!(answer.text(), "the body");
    assert_eq!(answer.history()[0].text(), "moved");
    assert_eq!(answer.num_bytes_downloaded(), 8);
    assert_eq!(diary.take(), ["moved", "the body"]);
    let mut stream = client.get(server.url("/n")).stream().unwrap();
    let pieces: Vec<_> = stream.iter_bytes().map(Result::unwrap).collect();
    assert_eq!(pieces.concat(), b"the body");
}

/// HOK-05
#[cfg(feature = "gzip")]
#[test]
fn a_body_a_hook_has_read_is_decoded_once() {
    let packed = crate::decoding::gzip(b"plain text");
    let server = Server::always(response("200 OK", &[("Content-Encoding", "gzip")], packed));
    let client = one_slot()
        .on_response(|response| response.load().map(drop))
        .build()
        .unwrap();
    assert_eq!(
        client.get(server.url("/")).send().unwrap().text(),
        "plain text"
    );
}

/// HOK-06, CLT-36
#[test]
fn an_error_of_a_hook_ends_the_call() {
    let diary = Diary::default();
    let fail = || Err(Error::new(Kind::Custom, "the hook says no"));
    let server = Server::always(response(
        "302 Found",
        &[("Location", "/n")],
        "x".repeat(9000),
    ));
    let noted = diary.clone();
    let client = one_slot()
        .follow_redirects(true)
        .on_response(move |response| match response.is_success() {
            true => Ok(()),
            false => fail(),
        })
        .on_response(move |response| {
            noted.note(response.status().as_str());
            Ok(())
        })
        .build()
        .unwrap();
    let error = fails_on(&client, |client| client.get(server.url("/")).send());
    assert_eq!(error.kind(), Kind::Custom);
    assert_eq!(error.request().unwrap().url.as_str(), server.url("/"));
    assert_eq!(diary.take(), ["200"], "only of the good request afterwards");
    assert_eq!(server.seen().len(), 1);

    // One that asks for the status refuses redirects too.
    let strict = one_slot()
        .follow_redirects(true)
        .on_response(|response| response.error_for_status_ref().map(drop))
        .build()
        .unwrap();
    let error = fails_on(&strict, |client| client.get(server.url("/")).send());
    assert_eq!(error.kind(), Kind::Status);
    assert!(
        error
            .to_string()
            .starts_with("Redirect response '302 Found'"),
        "{error}"
    );

    // Of a request hook nothing is sent, and no hook after it runs.
    let noted = diary.clone();
    let (client, record) = mocked(
        Client::builder()
            .on_request(move |_| fail())
            .on_request(move |_| {
                noted.note("second");
                Ok(())
            }),
        |_| empty(200),
    );
    let error = client.get("http://h/").send().unwrap_err();
    assert_eq!(error.kind(), Kind::Custom);
    assert!(error.to_string().contains("http://h/"), "{error}");
    assert!(record.all().is_empty() && diary.take().is_empty());
}

/// HOK-08: what a hook cannot do, a transport around another can.
#[test]
fn a_transport_answers_by_itself() {
    struct Cache<T>(T);
    impl<T: Transport> Transport for Cache<T> {
        fn send(&self, request: &mut Request) -> Result<StreamingResponse> {
            match request.url.path().as_ref() {
                "/known" => Ok(Response::builder(200).text("kept").into()),
                _ => self.0.send(request),
            }
        }
    }
    let inner = MockTransport::new(|_| Ok(Response::builder(200).text("fetched")));
    let client = Client::builder().transport(Cache(inner)).build().unwrap();
    assert_eq!(client.get("http://h/known").send().unwrap().text(), "kept");
    assert_eq!(client.get("http://h/new").send().unwrap().text(), "fetched");
}

/// A scheme that notes what it is asked.
struct Noting(Diary, DigestAuth);

struct NotingFlow(Diary, Box<dyn AuthFlow>);

impl Auth for Noting {
    fn flow(&self) -> Box<dyn AuthFlow> {
        self.0.note("auth chosen");
        Box::new(NotingFlow(self.0.clone(), self.1.flow()))
    }
}

impl AuthFlow for NotingFlow {
    fn next(&mut self, request: &mut Request, last: Option<&Response>) -> Result<AuthStep> {
        let of = last.map_or_else(|| "start".to_owned(), |last| last.text().into_owned());
        self.0.note(format!("auth {of}"));
        self.1.next(request, last)
    }

    fn wants(&mut self, response: papilio::ResponseHead<'_>) -> bool {
        self.1.wants(response)
    }
}

/// CLT-35
#[test]
fn the_order_of_everything() {
    let diary = Diary::default();
    let challenge = r#"Digest realm="r", nonce="n", qop="auth""#;
    let (asked, heard, sent) = (diary.clone(), diary.clone(), diary.clone());
    let transport = MockTransport::new(move |request| {
        let path = request.url.path().into_owned();
        let cookie = request
            .headers
            .get("Cookie")
            .unwrap_or_default()
            .into_owned();
        sent.note(format!("send {path} {cookie}"));
        let build =
            |status| Response::builder(status).header("Set-Cookie", format!("at={status}; Path=/"));
        Ok(
            match (path.as_str(), request.headers.contains("Authorization")) {
                ("/", _) => build(302).header("Location", "/2").bytes("moved"),
                (_, false) => build(401)
                    .header("WWW-Authenticate", challenge)
                    .bytes("who"),
                _ => build(200).bytes("in"),
            },
        )
    });
    let client = Client::builder()
        .follow_redirects(true)
        .transport(transport)
        .on_request(move |request| {
            assert!(
                request.timeout().is_some(),
                "the limits are known before hooks run"
            );
            asked.note(format!("request hook {}", request.url.path()));
            Ok(())
        });
    let jar = Arc::new(Mutex::new(None::<Client>));
    let of_hook = Arc::clone(&jar);
    let client = client
        .on_response(move |response| {
            let client = of_hook.lock().unwrap();
            let cookie = client
                .as_ref()
                .unwrap()
                .cookies()
                .get("at")?
                .unwrap_or_default();
            let history = statuses(response.history());
            heard.note(format!(
                "response hook {} {cookie} {history:?}",
                response.status().as_u16()
            ));
            Ok(())
        })
        .build()
        .unwrap();
    *jar.lock().unwrap() = Some(client.clone());
    let auth = Noting(diary.clone(), DigestAuth::new("u", "p"));
    let answer = client.get("http://h/").auth(auth).send().unwrap();
    assert_eq!(
        diary.take(),
        [
            "auth chosen",
            "auth start",
            "request hook /",
            "send / ",
            "response hook 302 302 []",
            "request hook /2",
            "send /2 at=302",
            "response hook 401 401 []",
            "auth who",
            "request hook /",
            "send / at=401",
            "response hook 302 302 []",
            "request hook /2",
            "send /2 at=302",
            "response hook 200 200 []",
        ]
    );
    assert_eq!(statuses(answer.history()), [401, 302]);
    *jar.lock().unwrap() = None;

    // The state comes first of all.
    client.close();
    let auth = Noting(diary.clone(), DigestAuth::new("u", "p"));
    let error = client.get("http://h/").auth(auth).send().unwrap_err();
    assert_eq!(error.kind(), Kind::ClientClosed);
    assert!(diary.take().is_empty());
}

/// CLT-35: the count of redirects is looked at before the next request is made ready, and the body is read last.
#[test]
fn the_limit_comes_before_the_hooks_and_the_body_after() {
    let diary = Diary::default();
    let asked = diary.clone();
    let builder = Client::builder()
        .follow_redirects(true)
        .max_redirects(0)
        .on_request(move |_| {
            asked.note("request hook");
            Ok(())
        });
    let (client, _) = mocked(builder, |_| moved(302, "/n"));
    let error = client.get("http://h/").send().unwrap_err();
    assert_eq!(error.kind(), Kind::TooManyRedirects);
    assert_eq!(diary.take(), ["request hook"]);

    let heard = diary.clone();
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut";
    let server = Server::start(script().read().send(cut).close());
    let client = one_slot()
        .on_response(move |_| {
            heard.note("response hook");
            Ok(())
        })
        .build()
        .unwrap();
    let error = client.get(server.url("/")).send().unwrap_err();
    assert_eq!(error.kind(), Kind::RemoteProtocol);
    assert_eq!(diary.take(), ["response hook"]);
}

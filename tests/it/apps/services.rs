//! `tower` services: what they are told, what they answer, and everything above the transport.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Extension, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use papilio::{
    AppBody, AppScope, AppTransport, AsyncClient, Client, DigestAuth, Kind, RequestTarget, Timeout,
};
use tower::{ServiceExt, service_fn};

/// A client of this application with its default settings.
pub(super) fn blocking(app: Router) -> Client {
    let client = Client::builder().app(app).base_url("http://testserver");
    client.build().unwrap()
}

/// The same, async.
pub(super) fn awaited(app: Router) -> AsyncClient {
    let client = AsyncClient::builder().app(app);
    client.base_url("http://testserver").build().unwrap()
}

#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

/// Notes, for those who are logged in.
fn notes() -> Router {
    let list = |State(notes): State<Notes>, headers: HeaderMap| async move {
        if headers.get(header::COOKIE).is_none_or(|c| c != "session=7") {
            return Err(Redirect::to("/login"));
        }
        Ok(Json(notes.0.lock().unwrap().clone()))
    };
    let add = |State(notes): State<Notes>, Json(note): Json<String>| async move {
        notes.0.lock().unwrap().push(note);
        StatusCode::CREATED
    };
    let login = || async {
        let cookie = [(header::SET_COOKIE, "session=7; Path=/; HttpOnly")];
        (AppendHeaders(cookie), Redirect::to("/notes"))
    };
    let page = Router::new().route("/", get(list).post(add));
    Router::new()
        .nest("/notes", page.clone())
        .route("/notes/", any(|| async { "nested" }))
        .route("/login", get(login))
        .route(
            "/hello/{name}",
            get(|Path(name): Path<String>| async { name }),
        )
        .with_state(Notes::default())
}

/// TRN-30, TRN-36: an axum application with state, JSON, cookies and redirects, to a blocking client.
#[test]
fn a_router_to_a_blocking_client() {
    let client = blocking(notes());
    let response = client.post("/notes").json("buy tea").send().unwrap();
    assert_eq!(
        (response.status().as_u16(), response.text().as_ref()),
        (201, "")
    );
    assert_eq!(client.get("/notes").send().unwrap().status(), 303);
    let response = client.get("/notes").follow_redirects(true).send().unwrap();
    assert_eq!(response.history().len(), 2);
    assert_eq!(response.url().as_str(), "http://testserver/notes");
    assert_eq!(response.json::<Vec<String>>().unwrap(), ["buy tea"]);
    assert_eq!(
        client.cookies().get("session").unwrap().as_deref(),
        Some("7")
    );
    assert_eq!(client.get("/hello/a%20b").send().unwrap().text(), "a b");
    assert_eq!(client.get("/nowhere").send().unwrap().status(), 404);
    assert_eq!(client.put("/login").send().unwrap().status(), 405);
}

/// TRN-30, TRN-36: the same, awaited.
#[tokio::test]
async fn a_router_to_an_async_client() {
    let client = awaited(notes());
    let response = client.post("/notes").json("buy tea").send().await.unwrap();
    assert_eq!(response.status(), 201);
    let request = client.get("/notes").follow_redirects(true);
    let response = request.send().await.unwrap();
    assert_eq!(response.history().len(), 2);
    assert_eq!(response.json::<Vec<String>>().unwrap(), ["buy tea"]);
    assert_eq!(
        client.cookies().get("session").unwrap().as_deref(),
        Some("7")
    );
}

type Asked = http::Request<AppBody>;

/// What a service that answers with a line for each thing it is told was told.
async fn describe(request: Asked) -> Result<http::Response<String>, Infallible> {
    let scope = request.extensions().get::<AppScope>().unwrap();
    let mut lines = vec![
        format!(
            "{} {} {:?}",
            request.method(),
            request.uri(),
            request.version()
        ),
        format!("client {}", scope.client()),
        format!("server {:?}", scope.server()),
        format!("path {:?} root {:?}", scope.path(), scope.root_path()),
    ];
    for (name, value) in request.headers() {
        lines.push(format!("{name}: {}", value.to_str().unwrap()));
    }
    Ok(http::Response::new(lines.join("\n")))
}

/// TRN-31: everything about a request.
#[test]
fn what_an_application_is_told() {
    let app = AppTransport::new(service_fn(describe));
    let client = Client::builder().transport(app).build().unwrap();
    let response = client
        .put("https://user:word@exämple.org/caf%C3%A9/x%2Fy?q=a+b&q=%20#part")
        .header("X-Two", "1")
        .header("A-First", "2")
        .header("X-Two", "3")
        .body("abc")
        .send()
        .unwrap();
    let text = response.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..5],
        [
            "PUT https://xn--exmple-cua.org/caf%C3%A9/x%2Fy?q=a+b&q=%20 HTTP/1.1",
            "client 127.0.0.1:123",
            "server (\"xn--exmple-cua.org\", Some(443))",
            "path \"/café/x/y\" root \"\"",
            "host: xn--exmple-cua.org",
        ]
    );
    let two = lines.iter().position(|l| *l == "x-two: 1").unwrap();
    assert_eq!(lines[two + 1], "x-two: 3");
    let first = lines.iter().position(|l| *l == "a-first: 2").unwrap();
    assert!(two < first, "{text}");
    assert!(lines.contains(&"content-length: 3"));
    assert_eq!(lines.iter().filter(|l| l.starts_with("host:")).count(), 1);
}

/// TRN-31: client address and root path are settable; the path stays as it is.
#[tokio::test]
async fn what_an_application_can_be_told() {
    let app = AppTransport::new(service_fn(describe))
        .client(([10, 1, 2, 3], 4))
        .root_path("/below");
    let client = AsyncClient::builder().transport(app).build().unwrap();
    let response = client
        .get("http://[::1]:8080/below/x")
        .send()
        .await
        .unwrap();
    let text = response.text().into_owned();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..5],
        [
            "GET http://[::1]:8080/below/x HTTP/1.1",
            "client 10.1.2.3:4",
            "server (\"::1\", Some(8080))",
            "path \"/below/x\" root \"/below\"",
            "host: [::1]:8080",
        ]
    );
}

#[derive(Clone)]
struct User(&'static str);

/// TRN-31: axum's `ConnectInfo`, and extensions of the transport and of the request.
#[test]
fn connect_info_and_extensions() {
    let app = Router::new().route(
        "/",
        get(
            |ConnectInfo(client): ConnectInfo<SocketAddr>, Extension(user): Extension<User>| async move {
                format!("{} {client}", user.0)
            },
        ),
    );
    let app = AppTransport::new(app)
        .connect_info(ConnectInfo)
        .extension(User("nobody"));
    let client = Client::builder().transport(app).build().unwrap();
    let url = "http://testserver/";
    assert_eq!(
        client.get(url).send().unwrap().text(),
        "nobody 127.0.0.1:123"
    );
    let mut request = client.get(url).build().unwrap();
    request.extensions_mut().insert(User("Ada"));
    let address = SocketAddr::from(([10, 0, 0, 1], 80));
    request.extensions_mut().insert(ConnectInfo(address));
    assert_eq!(client.send(request).unwrap().text(), "Ada 10.0.0.1:80");
}

/// TRN-32: no body for HEAD, and every header that was given, twice where it was given twice.
#[test]
fn heads_and_headers() {
    let app = service_fn(|_: Asked| async {
        let response = http::Response::builder()
            .header("X-Twice", "a")
            .header("Content-Length", "5")
            .header("x-twice", " b ")
            .extension(User("from the application"));
        response.body("hello".to_owned())
    });
    let client = Client::builder().app(app).build().unwrap();
    let response = client.head("http://test/").send().unwrap();
    assert_eq!(response.headers().get("content-length").unwrap(), "5");
    assert_eq!(response.content(), "");
    let response = client.get("http://test/").send().unwrap();
    let twice: Vec<_> = response.headers().get_all("X-Twice").collect();
    assert_eq!(twice, ["a", "b"]);
    assert_eq!(
        (response.text().as_ref(), response.http_version()),
        ("hello", "HTTP/1.1")
    );
    let user = response.extensions().get::<User>().unwrap();
    assert_eq!(user.0, "from the application");

    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let client = AsyncClient::builder().app(app).build().unwrap();
    let call = client.head("http://test/").send();
    let response = runtime.build().unwrap().block_on(call);
    assert_eq!(response.unwrap().content(), "");
}

/// TRN-31: what the `http` crate cannot express is an error that says so, and nothing is called.
#[test]
fn what_cannot_be_expressed() {
    let app = service_fn(|_: Asked| async {
        panic!("this is not to be called") as Result<http::Response<String>, Infallible>
    });
    let client = Client::builder().app(app).build().unwrap();
    let long = format!("http://test/{}", "a".repeat(66_000));
    let error = client.get(long).send().unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidUrl, "{error}");
    let mut request = client.get("http://test/").build().unwrap();
    request.extensions_mut().insert(RequestTarget::new("a b"));
    assert_eq!(client.send(request).unwrap_err().kind(), Kind::InvalidUrl);
    let mut request = client.get("http://test/").build().unwrap();
    for number in 0..40_000 {
        request.headers.append(format!("X-{number}"), "").unwrap();
    }
    assert_eq!(
        client.send(request).unwrap_err().kind(),
        Kind::LocalProtocol
    );
}

/// A target of the caller's own arrives as it is.
#[test]
fn another_target() {
    let client = Client::builder().app(service_fn(describe)).build().unwrap();
    let mut request = client.request("OPTIONS", "http://test/").build().unwrap();
    request.extensions_mut().insert(RequestTarget::new("*"));
    let response = client.send(request).unwrap();
    assert!(response.text().starts_with("OPTIONS * HTTP/1.1\n"));
}

/// TRN-35, TMO-14: the client's time limits do not apply; those of a layer do.
#[tokio::test]
async fn timeouts_are_the_layers() {
    let slow = Router::new().route(
        "/",
        get(|| async {
            tokio::time::sleep(Duration::from_millis(60)).await;
            "slow"
        }),
    );
    let client = awaited(slow.clone());
    let request = client
        .get("/")
        .timeout(Timeout::all(Duration::from_millis(5)));
    assert_eq!(request.send().await.unwrap().text(), "slow");

    let hasty = service_fn(move |request: Asked| {
        let slow = slow.clone();
        async move {
            let answer = tokio::time::timeout(Duration::from_millis(5), slow.oneshot(request));
            answer.await
        }
    });
    let hasty = hasty.map_result(|result| match result {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(never)) => match never {},
        Err(elapsed) => Err(elapsed),
    });
    let client = AsyncClient::builder().app(hasty.clone()).build().unwrap();
    let error = client.get("http://test/").send().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Custom);
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.is::<tokio::time::error::Elapsed>(), "{source}");
    let client = Client::builder().app(hasty).build().unwrap();
    let error = client.get("http://test/").send().unwrap_err();
    assert_eq!(error.kind(), Kind::Custom);
}

/// TRN-30: layers of tower around services and routers; a service that must be asked whether it is ready is.
#[test]
fn layers() {
    let inner = Router::new().route("/", post(|body: String| async move { body.to_uppercase() }));
    let app = Router::new()
        .nest("/api", inner)
        .layer(axum::middleware::map_response(
            |response: axum::response::Response| async {
                (AppendHeaders([("x-layer", "1")]), response)
            },
        ));
    let app = app
        .map_request(|request: Asked| request.map(axum::body::Body::new))
        .boxed_clone();
    let client = Client::builder().app(app).build().unwrap();
    let response = client.post("http://test/api").body("abc").send().unwrap();
    assert_eq!(response.text(), "ABC");
    assert_eq!(response.headers().get("X-Layer").unwrap(), "1");
    let limited = tower::ServiceBuilder::new()
        .map_err(papilio_error)
        .service(Strict::default());
    let client = Client::builder().app(limited).build().unwrap();
    assert_eq!(client.get("http://test/").send().unwrap().text(), "ready");
}

fn papilio_error(never: Infallible) -> papilio::Error {
    match never {}
}

/// Wants to be asked first, each clone anew.
#[derive(Default)]
struct Strict(bool);

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self(false)
    }
}

impl tower::Service<Asked> for Strict {
    type Response = http::Response<String>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Infallible>> {
        self.0 = true;
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Asked) -> Self::Future {
        assert!(self.0, "nobody asked");
        std::future::ready(Ok(http::Response::new("ready".to_owned())))
    }
}

/// Everything above the transport is as over the network: hooks, authentication in rounds, query parameters, mounts.
#[test]
fn above_the_transport() {
    let app = Router::new()
        .route(
            "/secret",
            any(|request: Request| async move {
                let value = request.headers().get(header::AUTHORIZATION).cloned();
                let body = to_bytes(request.into_body(), 100).await.unwrap();
                match value {
                    Some(value) if value.as_bytes().starts_with(b"Digest ") => body.into_response(),
                    _ => {
                        let challenge = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\"";
                        (
                            StatusCode::UNAUTHORIZED,
                            [(header::WWW_AUTHENTICATE, challenge)],
                        )
                            .into_response()
                    }
                }
            }),
        )
        .route(
            "/q",
            get(|Query(q): Query<Vec<(String, String)>>| async move { format!("{q:?}") }),
        );
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let client = Client::builder()
        .mount("http://app", AppTransport::new(app))
        .on_response(move |response| {
            log.lock().unwrap().push(response.status().as_u16());
            Ok(())
        })
        .build()
        .unwrap();
    // A body that streams is sent twice.
    let body = papilio::Body::seekable(std::io::Cursor::new("hello")).unwrap();
    let request = client.post("http://app/secret").body(body);
    let response = request.auth(DigestAuth::new("user", "word")).send();
    assert_eq!(response.unwrap().text(), "hello");
    let response = client.get("http://app/q").query([("a b", "c&d")]).send();
    assert_eq!(response.unwrap().text(), "[(\"a b\", \"c&d\")]");
    assert_eq!(*seen.lock().unwrap(), [401, 200, 200]);
}

/// ASY-06, TRN-30: the blocking client and its application on the threads of another runtime, which must not notice:
/// the application spawns, sleeps and yields in a runtime of its own.
#[test]
fn a_blocking_client_on_a_thread_of_a_runtime() {
    let busy = || async {
        for _ in 0..300 {
            tokio::task::yield_now().await;
        }
        let task = tokio::spawn(async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            std::thread::current().name().map(str::to_owned)
        });
        task.await.unwrap().unwrap()
    };
    let pieces = || async {
        let pieces = (0..1000).map(|n| Ok::<_, Infallible>(format!("{n},")));
        axum::body::Body::from_stream(futures_util::stream::iter(pieces))
    };
    let app = Router::new()
        .route("/", get(busy))
        .route("/pieces", get(pieces));
    let check = |client: &Client| {
        assert_eq!(client.get("/").send().unwrap().text(), "papilio-app");
        let text = client.get("/pieces").send().unwrap().text().into_owned();
        assert_eq!(text.matches(',').count(), 1000);
    };
    for workers in [0, 1] {
        let mut runtime = match workers {
            0 => tokio::runtime::Builder::new_current_thread(),
            _ => tokio::runtime::Builder::new_multi_thread(),
        };
        let runtime = runtime.build().unwrap();
        let app = app.clone();
        runtime.block_on(async move {
            let client = blocking(app.clone());
            check(&client);
            drop(client);
            let inner = app.clone();
            tokio::spawn(async move { check(&blocking(inner)) })
                .await
                .unwrap();
            tokio::task::spawn_blocking(move || check(&blocking(app)))
                .await
                .unwrap();
        });
    }
}

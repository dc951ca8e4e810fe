//! What the environment says, each in a process of its own.

use papilio::{Client, ClientBuilder, Kind};

use crate::alone::alone;
use crate::server::{Server, ok};

/// The text of the answer, or the kind of error.
fn get(client: ClientBuilder<Client>, url: &str) -> Result<String, Kind> {
    let client = client.resolver(|_: &str| Ok(Vec::new())).build();
    let answer = client.and_then(|client| client.get(url).send());
    answer
        .map(|answer| answer.text().into_owned())
        .map_err(|e| e.kind())
}

fn proxied(url: &str) -> Result<String, Kind> {
    get(Client::builder(), url)
}

/// Of a name that is looked up here, and does not exist.
const DIRECT: Result<String, Kind> = Err(Kind::Connect);

fn named(name: &'static str) -> Server {
    Server::always(ok(name))
}

fn of(name: &str) -> Result<String, Kind> {
    Ok(name.to_owned())
}

/// A child with these variables, and without any the parent has of the kind.
fn run(test: &str, variables: &[(&str, &str)]) -> bool {
    let mut all = vec![
        ("http_proxy", ""),
        ("https_proxy", ""),
        ("all_proxy", ""),
        ("no_proxy", ""),
    ];
    let is_set = |name: &str| variables.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    all.retain(|(name, _)| !is_set(name));
    all.extend(variables);
    alone(test, &all)
}

/// ENV-02, ENV-04, ENV-12, TOP-06: each variable for its scheme; the functions of the crate obey too.
#[test]
fn each_variable_is_for_its_scheme() {
    let (http, all) = (named("http"), named("all"));
    let test = "environment::each_variable_is_for_its_scheme";
    let variables = [
        ("http_proxy", &*format!("127.0.0.1:{}", http.port())),
        ("https_proxy", "http://127.0.0.1:1"),
        ("ALL_PROXY", &*all.url("")),
        ("FTP_PROXY", "nonsense://"),
        ("TRAVIS_APT_PROXY", "nonsense://"),
    ];
    if !run(test, &variables) {
        assert_eq!(http.seen().len(), 2);
        assert!(http.seen()[0].target.starts_with("http://origin.invalid/"));
        return;
    }
    assert_eq!(proxied("http://origin.invalid/"), of("http"));
    let answer = papilio::get("http://origin.invalid/").send().unwrap();
    assert_eq!(answer.text(), "http");
    // The one for https is not there; no other takes its place.
    if cfg!(feature = "tls") {
        let client = Client::builder().build().unwrap();
        let error = client.get("https://origin.invalid/").send().unwrap_err();
        assert_eq!(error.kind(), Kind::Connect);
        assert!(error.to_string().contains("through proxy"), "{error}");
    }
    // ENV-01: unless the environment is not to be trusted.
    let client = Client::builder().trust_env(false);
    assert_eq!(get(client, "http://origin.invalid/"), DIRECT);
    let request = papilio::get("http://nowhere.invalid/").trust_env(false);
    assert_eq!(request.send().unwrap_err().kind(), Kind::Connect);
}

/// ENV-02: `ALL_PROXY` for what has none of its own; names in any case, the lower one first, also when it is empty.
#[test]
fn spellings() {
    let (lower, upper) = (named("lower"), named("upper"));
    let test = "environment::spellings";
    let variables = [
        ("http_proxy", &*lower.url("")),
        ("HTTP_PROXY", &*upper.url("")),
        ("Http_Proxy", "nonsense://"),
        ("https_proxy", ""),
        ("HTTPS_PROXY", "nonsense://"),
        ("All_Proxy", &*upper.url("")),
    ];
    if run(test, &variables) {
        assert_eq!(proxied("http://origin.invalid/"), of("lower"));
        // Switched off for https, which leaves the one for all.
        if cfg!(feature = "tls") {
            assert_eq!(proxied("https://origin.invalid/"), Err(Kind::Proxy));
        }
    }
}

/// ENV-05, ENV-06, ENV-07, ENV-08, SEC-312: exceptions, by name, address, network, pattern and port.
#[test]
fn exceptions() {
    let proxy = named("proxy");
    let test = "environment::exceptions";
    let list = "http://127.0.0.1, python-httpx.org ,, .google.com,LOCALHOST,::1,10.0.0.0/8,h.invalid:8080,bad item";
    let variables = [("ALL_PROXY", &*proxy.url("")), ("NO_PROXY", list)];
    if !run(test, &variables) {
        return;
    }
    for (url, is_direct) in [
        ("http://example.com/", false),
        ("http://www.python-httpx.org/", true),
        ("http://python-httpx.org/", true),
        ("http://notpython-httpx.org/", false),
        ("http://www.google.com/", true),
        ("http://google.com/", false),
        ("http://h.invalid:8080/", true),
        ("http://h.invalid/", false),
        ("http://10.0.0.1.example.com/", false),
    ] {
        let expected = if is_direct { DIRECT } else { of("proxy") };
        assert_eq!(proxied(url), expected, "{url}");
    }
    let here = named("here");
    assert_eq!(proxied(&here.url("/")), of("here"));
}

/// ENV-05
#[test]
fn no_proxy_at_all() {
    let proxy = named("proxy");
    let test = "environment::no_proxy_at_all";
    let variables = [("all_proxy", &*proxy.url("")), ("no_proxy", "a.invalid, *")];
    if !run(test, &variables) {
        assert!(proxy.seen().is_empty());
        return;
    }
    assert_eq!(proxied("http://origin.invalid/"), DIRECT);
}

/// ENV-03, SEC-311: a server's `Proxy` header is no setting.
#[test]
fn common_gateways() {
    let evil = named("evil");
    let test = "environment::common_gateways";
    let variables = [("REQUEST_METHOD", "GET"), ("HTTP_PROXY", &*evil.url(""))];
    // Not `run`, which would set the other spelling.
    if !alone(test, &variables) {
        assert!(evil.seen().is_empty());
        return;
    }
    if std::env::var("http_proxy").is_err() && std::env::var("all_proxy").is_err() {
        assert_eq!(proxied("http://origin.invalid/"), DIRECT);
    }
}

/// ENV-03
#[test]
fn common_gateways_in_lower_case() {
    let own = named("own");
    let test = "environment::common_gateways_in_lower_case";
    let variables = [("REQUEST_METHOD", "GET"), ("http_proxy", &*own.url(""))];
    if run(test, &variables) {
        assert_eq!(proxied("http://origin.invalid/"), of("own"));
    }
}

/// ENV-04, ENV-11, CLT-03: read when the client is built, and wrong then; without the password.
#[test]
fn a_wrong_value_is_an_error_of_build() {
    let test = "environment::a_wrong_value_is_an_error_of_build";
    if !run(test, &[("HTTPS_PROXY", "ftp://user:hidden@h")]) {
        return;
    }
    let error = Client::builder().build().unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("HTTPS_PROXY") && !text.contains("hidden"),
        "{text}"
    );
    assert!(Client::builder().trust_env(false).build().is_ok());
    assert!(Client::builder().no_proxy().build().is_ok());
    let error = papilio::get("http://origin.invalid/").send().unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
}

/// ENV-10, ENV-11, R-PRX-06: roots of the environment are those of https proxies as well, read once, before anything is
/// sent; `SSLKEYLOGFILE` hears of both sessions (TLS-12).
#[cfg(feature = "tls")]
#[test]
fn files_are_read_once() {
    use crate::server::script;
    use crate::server::tls::{Identity, ca_pem};

    let directory = std::env::temp_dir().join(format!("papilio-env-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let (roots, keys) = (directory.join("roots.pem"), directory.join("keys.log"));
    std::fs::write(&roots, ca_pem()).unwrap();
    let tunnel = script().read().send("HTTP/1.1 200 OK\r\n\r\n");
    let inner = tunnel.start_tls(Identity::Good).serve(|_| ok("inside"));
    let server = Server::start_tls(inner, Identity::Good);
    let url = format!("https://localhost:{}", server.port());
    let variables = [
        ("https_proxy", &*url),
        ("SSL_CERT_FILE", roots.to_str().unwrap()),
        ("SSLKEYLOGFILE", keys.to_str().unwrap()),
    ];
    let test = "environment::files_are_read_once";
    if !run(test, &variables) {
        assert_eq!(server.seen().len(), 2);
        let log = std::fs::read_to_string(&keys).unwrap();
        let sessions = log
            .lines()
            .filter(|l| l.starts_with("CLIENT_TRAFFIC_SECRET_0 "));
        assert_eq!(sessions.count(), 2, "{log}");
        std::fs::remove_dir_all(&directory).unwrap();
        return;
    }
    let client = Client::builder().build().unwrap();
    let roots = std::env::var("SSL_CERT_FILE").unwrap();
    std::fs::remove_file(roots).unwrap();
    let answer = client.get("https://localhost/").send().unwrap();
    assert_eq!(answer.text(), "inside");
    // Whoever is built now finds nothing there.
    assert_eq!(Client::builder().build().unwrap_err().kind(), Kind::Tls);
}

/// ENV-09: where the environment says nothing, there is no proxy, whatever else the system may have been told.
#[test]
fn nothing_else_is_asked() {
    if run(
        "environment::nothing_else_is_asked",
        &[("HOME", "/nonexistent")],
    ) {
        assert_eq!(proxied("http://origin.invalid/"), DIRECT);
        let here = named("here");
        assert_eq!(proxied(&here.url("/")), of("here"));
    }
}

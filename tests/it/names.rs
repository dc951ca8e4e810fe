//! Names: who is asked for addresses, what is done with the answers, and which addresses are out of bounds.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use papilio::{
    AddressPolicy, Client, ClientBuilder, Error, Kind, Phase, Reason, Resolver, Timeout,
};

use crate::server::{Refused, Server, ok, response};

const LIMIT: Duration = Duration::from_secs(4);

fn builder() -> ClientBuilder<Client> {
    Client::builder().timeout(LIMIT).trust_env(false)
}

/// WSH-23: a name as the resolver gets it, once a connection; the request and its `Host` are as they were.
#[test]
fn the_callers_resolver() {
    let server = Server::echo();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&asked);
    let client = builder().resolver(move |host: &str| {
        record.lock().unwrap().push(host.to_owned());
        Ok(vec![Ipv4Addr::LOCALHOST.into()])
    });
    let client = client.build().unwrap();
    for (host, seen) in [
        ("B\u{fc}cher.invalid", "xn--bcher-kva.invalid"),
        ("xn--bcher-kva.invalid", "xn--bcher-kva.invalid"),
        ("Plain.invalid.", "plain.invalid."),
        ("127.0.0.1", "127.0.0.1"),
    ] {
        let answer = client.get(server.url_on(host, "/")).send().unwrap();
        let host = format!("Host: {seen}:{}\r\n", server.port());
        assert!(answer.text().contains(&host), "{}", answer.text());
    }
    assert_eq!(
        *asked.lock().unwrap(),
        ["xn--bcher-kva.invalid", "plain.invalid."]
    );
}

/// FLT-02: what a resolver may do instead of answering.
#[test]
fn resolvers_that_fail() {
    let ask = |resolver: Box<dyn Resolver>, limit: Duration| {
        let client = builder().resolver(move |host: &str| resolver.resolve(host));
        let client = client.timeout(Timeout::all(LIMIT).connect(limit));
        let client = client.build().unwrap();
        client.get("http://name.invalid/").send().unwrap_err()
    };
    let says = Box::new(|_: &str| Err(Error::new(Kind::Custom, "not today")));
    let error = ask(says, LIMIT);
    assert_eq!(
        (error.kind(), error.reason()),
        (Kind::Connect, Some(Reason::Dns))
    );
    assert_eq!(
        error.to_string(),
        "the name 'name.invalid' cannot be looked up: not today while looking up the host (GET http://name.invalid/)"
    );
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.downcast_ref::<Error>().unwrap().kind(), Kind::Custom);
    for resolver in [
        Box::new(|_: &str| Ok(Vec::new())) as Box<dyn Resolver>,
        Box::new(|_: &str| -> papilio::Result<_> { panic!("a bug") }),
    ] {
        let error = ask(resolver, LIMIT);
        assert_eq!(
            (error.kind(), error.reason()),
            (Kind::Connect, Some(Reason::Dns))
        );
        assert_eq!(error.phase(), Some(Phase::Lookup));
    }
    let sleeps = |_: &str| {
        std::thread::sleep(LIMIT / 2);
        Ok(Vec::new())
    };
    let began = Instant::now();
    let error = ask(Box::new(sleeps), LIMIT / 40);
    assert_eq!(error.kind(), Kind::ConnectTimeout);
    assert!(began.elapsed() < LIMIT / 4);
}

/// WSH-23, FLT-01: fixed answers, with and without a port; all addresses are tried, and told when none will do.
#[test]
fn fixed_answers() {
    let (server, refused) = (Server::always(ok("there")), Refused::port());
    let client = builder()
        .resolver(|_: &str| -> papilio::Result<_> { panic!("a lookup") })
        .resolve("fixed.invalid", server.address())
        .resolve("fixed.invalid:81", refused.address())
        .resolve("two.invalid", [refused.address(), server.address()])
        .resolve("none.invalid", Vec::<IpAddr>::new())
        .build()
        .unwrap();
    for url in [
        "http://fixed.invalid/",
        "http://FIXED.invalid.:8080/",
        "http://two.invalid/",
    ] {
        let answer = client.get(url).send().unwrap();
        assert_eq!(answer.text(), "there", "{url}");
    }
    assert_eq!(server.seen()[0].header("host"), Some("fixed.invalid"));
    let error = client.get("http://fixed.invalid:81/").send().unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains(&format!("'fixed.invalid': {}: ", refused.address())),
        "{text}"
    );
    let error = client.get("http://none.invalid/").send().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::Dns));
}

/// FLT-02: a name with a thousand addresses is not a thousand sockets, and not more than the limit.
#[test]
fn a_thousand_addresses() {
    let refused = Refused::port();
    let many: Vec<SocketAddr> = vec![refused.address(); 1000];
    let client = builder().resolve("many.invalid", many).build().unwrap();
    let began = Instant::now();
    let error = client.get("http://many.invalid/").send().unwrap_err();
    assert_eq!(error.kind(), Kind::Connect);
    assert!(began.elapsed() < LIMIT + LIMIT / 4);
    assert!(error.to_string().len() < 100_000);
}

/// What a policy forbids is never connected to, at no hop, under no name.
#[test]
fn out_of_bounds() {
    let began = Instant::now();
    let secret = Server::always(ok("secret"));
    let port = secret.port();
    for target in [
        format!("http://127.0.0.2:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://[::ffff:127.0.0.2]:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://[fd00:ec2::254]/latest/meta-data/".to_owned(),
        "http://10.0.0.1/".to_owned(),
        "http://0.0.0.0/".to_owned(),
        format!("http://rebound.invalid:{port}/"),
        format!("http://fixed.invalid:{port}/"),
        format!("//private.invalid:{port}/"),
    ] {
        let open = Server::always(response("307 Elsewhere", &[("Location", &target)], ""));
        let inside: IpAddr = Ipv4Addr::new(127, 0, 0, 3).into();
        let policy = AddressPolicy::public_only().allow("127.0.0.1/32").unwrap();
        let client = builder()
            .address_policy(policy)
            .follow_redirects(true)
            .resolve("fixed.invalid", inside)
            .resolver(move |_: &str| Ok(vec![inside]))
            .connect_retries(2)
            .build()
            .unwrap();
        let error = client.post(open.url("/")).body("x").send().unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind(), Kind::Connect, "{text}");
        assert_eq!(error.reason(), Some(Reason::AddressDenied), "{text}");
        assert_eq!(open.seen().len(), 1);
        let direct = client.get(target.replacen(
            "//private",
            "http://private",
            usize::from(target.starts_with('/')),
        ));
        let reason = direct.send().unwrap_err().reason();
        assert_eq!(reason, Some(Reason::AddressDenied), "{target}");
    }
    assert_eq!(secret.connections(), 0);
    assert!(
        began.elapsed() < LIMIT,
        "what is forbidden is not tried again"
    );
}

/// A function as a policy is asked about addresses and ports; of several addresses those that are allowed are tried.
#[test]
fn a_policy_of_the_callers() {
    let server = Server::always(ok("there"));
    let port = server.port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&asked);
    let policy = AddressPolicy::new(move |address| {
        record.lock().unwrap().push(address);
        address.port() == port
    });
    let refused = Refused::port();
    let client = builder()
        .address_policy(policy)
        .resolve("two.invalid", [refused.address(), server.address()]);
    let client = client.build().unwrap();
    assert_eq!(
        client.get("http://two.invalid/").send().unwrap().text(),
        "there"
    );
    assert_eq!(
        *asked.lock().unwrap(),
        [refused.address(), server.address()]
    );
    let error = client.get(refused.url("/")).send().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::AddressDenied));
}

/// With a proxy it is the proxy's address that counts.
#[test]
fn a_policy_and_a_proxy() {
    let server = Server::always(ok("there"));
    let policy = |net: &str| AddressPolicy::public_only().allow(net).unwrap();
    let through = |policy: AddressPolicy| {
        let client = builder().address_policy(policy).proxy(server.url(""));
        client.build().unwrap().get("http://10.0.0.1/").send()
    };
    assert_eq!(through(policy("127.0.0.0/8")).unwrap().text(), "there");
    let error = through(policy("10.0.0.0/8")).unwrap_err();
    assert_eq!(error.reason(), Some(Reason::AddressDenied));
}

/// CON-08: the same for those who await.
#[cfg(feature = "async")]
#[tokio::test]
async fn awaited() {
    let server = Server::always(response(
        "307 Elsewhere",
        &[("Location", "http://10.1.1.1/")],
        "",
    ));
    let client = papilio::AsyncClient::builder()
        .trust_env(false)
        .follow_redirects(true)
        .address_policy(AddressPolicy::public_only().allow("127.0.0.1").unwrap())
        .resolver(|_: &str| Ok(vec![Ipv4Addr::LOCALHOST.into()]))
        .build()
        .unwrap();
    let error = client
        .get(server.url_on("name.invalid", "/"))
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.reason(), Some(Reason::AddressDenied));
    assert_eq!(server.seen().len(), 1);
}

/// EXT-03, TLS-09, R-TLS-04: another name in TLS, for the host it was said of; a redirect elsewhere goes by that place's own.
#[cfg(feature = "tls")]
#[test]
fn another_name_in_tls() {
    use crate::server::script;
    use crate::server::tls::{Identity, ca_pem};

    let answer = script().serve(|seen| match &*seen.target {
        "/end" => ok(""),
        target => response(
            "302 Found",
            &[("Location", target.trim_start_matches("/to/"))],
            "",
        ),
    });
    let server = Server::start_tls(answer, Identity::Good);
    let client = builder()
        .add_root_certificate(ca_pem())
        .resolve("name.invalid", server.address())
        .follow_redirects(true)
        .build()
        .unwrap();
    let start = server.url_on("name.invalid", "/to/");
    for (target, sni) in [
        ("/end".to_owned(), Some("localhost")),
        (server.url("/end"), None),
        (server.url_on("name.invalid", "/end"), Some("localhost")),
    ] {
        let request = client
            .get(format!("{start}{target}"))
            .server_name("localhost");
        request.send().unwrap();
        let seen = server.seen();
        let [.., first, last] = &seen[..] else {
            panic!("{seen:?}");
        };
        assert_eq!(first.server_name.as_deref(), Some("localhost"), "{target}");
        assert_eq!(last.server_name.as_deref(), sni, "{target}");
        let host = format!("name.invalid:{}", server.port());
        assert_eq!(first.header("host"), Some(&*host));
    }
    let error = client.get(server.url_on("name.invalid", "/end")).send();
    let error = error.unwrap_err();
    assert_eq!(error.reason(), Some(Reason::CertificateName));
}

//! The way to the server: certificates, proxies, addresses.

use super::process::papilio;

/// What is wrong with the options alone.
#[test]
fn bad_values() {
    let bad = |arguments: &[&str]| papilio(["http://a.test"].iter().chain(arguments)).run();
    for value in ["a", "a:1", ":1:127.0.0.1", "a:x:127.0.0.1", "a:1:b"] {
        let complaint = format!("invalid value '{value}' for '--resolve <HOST:PORT:ADDRESS>'");
        bad(&["--resolve", value]).is_usage_error(&complaint);
    }
    bad(&["--local-address", "lo"]).is_usage_error("invalid value 'lo'");
    bad(&["--key", "k.pem"]).is_usage_error("the following required arguments");
    bad(&["--cacert", "a.pem", "--no-verify"]).is_usage_error("the argument '--");
}

#[cfg(feature = "tls")]
#[test]
fn roots() {
    use super::head;
    use super::process::new_path;
    use crate::server::tls::{Identity, ca_pem};
    use crate::server::{Server, ok, script};

    let roots = new_path();
    std::fs::write(&roots, ca_pem()).unwrap();
    let server = Server::start_tls(script().serve(|_| ok("")), Identity::Good);
    let url = server.url("/");
    let ran = papilio([&url]).run();
    assert!(ran.stderr.starts_with("ConnectError: "), "{}", ran.stderr);
    papilio([&url, "--cacert", roots.to_str().unwrap()])
        .run()
        .is(0, head(&ok("")), "");
    // CMD-14: so does the environment's, unless the option says otherwise.
    let run = papilio([&url]).env("SSL_CERT_FILE", &roots);
    run.run().is(0, head(&ok("")), "");
    std::fs::remove_file(roots).unwrap();

    // CMD-42: one line and exit code 1.
    let ran = papilio([&url, "--cacert", "/nowhere/at/all.pem"]).run();
    assert!(ran.stderr.starts_with("TLSError: "), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    ran.is(1, "", &ran.stderr);
}

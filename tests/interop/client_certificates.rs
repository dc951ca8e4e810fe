//! nginx that asks who the client is.

use papilio::{Client, ClientCert, Kind, Response};

use crate::programs::{
    NGINX_CLIENT, NGINX_CLIENT_ASKED, NGINX_TLS, builder, client, following, header, nginx_saw,
    work,
};

fn known(cert: ClientCert) -> Client {
    builder().cert(cert.for_any_host()).build().unwrap()
}

fn files(cert: &str, key: &str) -> ClientCert {
    let folder = work("clients");
    ClientCert::from_files(folder.join(cert), folder.join(key))
}

fn get(client: &Client) -> Response {
    client
        .get(NGINX_CLIENT.url("/text.txt?certificate"))
        .send()
        .unwrap()
}

/// TLS-07: every form of a key, and a combined file.
#[test]
fn forms_of_keys() {
    let secret = files("ada.pem", "ada-encrypted.key").password("l'été 100%");
    let combined = ClientCert::from_file(work("clients/ada-all.pem"));
    for (cert, name) in [
        (files("ada.pem", "ada.key"), "ada"),
        (files("ada.pem", "ada-pkcs8.key"), "ada"),
        (files("rsa.pem", "rsa.key"), "rsa"),
        (combined, "ada"),
        (secret, "ada"),
    ] {
        let client = known(cert);
        for _ in 0..2 {
            let response = get(&client);
            assert_eq!(response.status(), 200, "{}", response.text());
            let expected = format!("SUCCESS CN={name},");
            assert!(
                header(&response, "x-client").starts_with(&expected),
                "{response:?}"
            );
        }
    }
    let log = nginx_saw("client=CN=ada,", 1);
    assert!(log.iter().all(|line| line.contains("/text.txt")), "{log:?}");
}

/// TLS-07, TLS-03
#[test]
fn who_is_not_known() {
    let response = get(&client());
    assert_eq!(response.status(), 400);
    assert!(
        response
            .text()
            .contains("No required SSL certificate was sent")
    );
    let response = get(&known(files("stranger.pem", "stranger.key")));
    assert_eq!(response.status(), 400);
    assert!(response.text().contains("The SSL certificate error"));
    // Certificates of clients count with those of the server unchecked, too.
    let trusting = Client::builder()
        .trust_env(false)
        .verify(false)
        .cert(files("ada.pem", "ada.key").for_any_host());
    assert_eq!(get(&trusting.build().unwrap()).status(), 200);
    // Whoever is not asked says nothing.
    let response = known(files("ada.pem", "ada.key"))
        .get(NGINX_TLS.url("/text.txt"))
        .send();
    assert_eq!(response.unwrap().status(), 200);

    for cert in [
        files("ada.pem", "ada-encrypted.key").password("l'hiver"),
        files("ada.pem", "ada-encrypted.key"),
        files("ada.pem", "none.key"),
        files("ada.pem", "ada.pem"),
        files("ada.pem", "rsa.key"),
    ] {
        let error = builder().cert(cert.for_any_host()).build().unwrap_err();
        println!("{error}");
        assert_eq!(error.kind(), Kind::Tls, "{error}");
        assert!(!error.to_string().contains("hiver"), "{error}");
    }
}

/// R-TLS-08: not for another server, also after a redirect there.
#[test]
fn whom_it_is_for() {
    let place = format!("127.0.0.1:{}", NGINX_CLIENT.port());
    for (hosts, expected) in [(&*place, "NONE"), ("127.0.0.1", "SUCCESS")] {
        let client = builder()
            .follow_redirects(true)
            .cert(files("ada.pem", "ada.key").only_for(hosts))
            .build()
            .unwrap();
        let response = client.get(NGINX_CLIENT.url("/away")).send().unwrap();
        assert_eq!(
            (response.status().as_u16(), response.history().len()),
            (200, 1)
        );
        assert!(
            header(&response, "x-client").starts_with(expected),
            "{response:?}"
        );
    }
    let response = following()
        .get(NGINX_CLIENT_ASKED.url("/text.txt"))
        .send()
        .unwrap();
    assert!(
        header(&response, "x-client").starts_with("NONE"),
        "{response:?}"
    );
}

/// R-TLS-06: who one client was is not what another one resumes as.
#[test]
fn sessions_are_not_shared() {
    let ada = known(files("ada.pem", "ada.key"));
    let close = |client: &Client| {
        let request = client.get(NGINX_CLIENT.url("/text.txt"));
        request.header("Connection", "close").send().unwrap()
    };
    let seen: Vec<_> = (0..3)
        .map(|_| header(&close(&ada), "x-tls").into_owned())
        .collect();
    assert!(seen[2].ends_with(" r"), "{seen:?}");
    assert_eq!(close(&client()).status(), 400);
    let rsa = close(&known(files("rsa.pem", "rsa.key")));
    assert!(
        header(&rsa, "x-client").starts_with("SUCCESS CN=rsa,"),
        "{rsa:?}"
    );
}

//! Django's admin: a login with a form, a token against forgery, a session cookie and redirects.

use papilio::Response;

use crate::programs::{DJANGO, builder, following};

#[test]
fn a_login_and_what_is_behind_it() {
    let client = following();
    // Not logged in: the way leads to the form.
    let form = client.get(DJANGO.url("/admin/")).send().unwrap();
    assert_eq!(form.url().path(), "/admin/login/");
    assert_eq!(form.history().len(), 1);
    assert!(client.cookies().contains("csrftoken"));

    // Without the token, and with a wrong password.
    let fields = [
        ("username", "ada"),
        ("password", PASSWORD),
        ("next", "/admin/"),
    ];
    let forged = client
        .post(DJANGO.url("/admin/login/"))
        .form(fields)
        .send()
        .unwrap();
    assert_eq!(forged.status(), 403);
    let fields = |password| {
        [
            ("csrfmiddlewaretoken", token(&form)),
            ("username", "ada".to_owned()),
            ("password", password),
            ("next", "/admin/auth/user/".to_owned()),
        ]
    };
    let wrong = client
        .post(DJANGO.url("/admin/login/"))
        .form(fields("no".to_owned()).as_slice());
    let wrong = wrong.send().unwrap();
    assert!(wrong.text().contains("Please enter the correct username"));
    assert!(!client.cookies().contains("sessionid"));

    let login = client.post(DJANGO.url("/admin/login/"));
    let page = login
        .form(fields(PASSWORD.to_owned()).as_slice())
        .send()
        .unwrap();
    assert_eq!(
        (page.status().as_u16(), page.url().path().as_ref()),
        (200, "/admin/auth/user/")
    );
    let [redirect] = page.history() else {
        panic!("{:?}", page.history())
    };
    assert_eq!(redirect.status(), 302);
    assert!(page.text().contains("ada@example.org"));
    let session = client
        .cookies()
        .iter()
        .find(|c| c.name() == "sessionid")
        .unwrap();
    assert!(session.http_only());

    // A stranger is not let in, and after logging out nobody is.
    let stranger = builder().build().unwrap();
    let response = stranger
        .get(DJANGO.url("/admin/auth/user/"))
        .send()
        .unwrap();
    assert_eq!(response.status(), 302);
    let out = [("csrfmiddlewaretoken", token(&page))];
    let out = client
        .post(DJANGO.url("/admin/logout/"))
        .form(&out)
        .send()
        .unwrap();
    assert_eq!(out.status(), 200, "{}", out.text());
    assert!(!client.cookies().contains("sessionid"));
    let page = client.get(DJANGO.url("/admin/auth/user/")).send().unwrap();
    assert_eq!(page.url().path(), "/admin/login/");
}

/// The hidden field of a form.
fn token(page: &Response) -> String {
    let text = page.text();
    let (_, rest) = text
        .split_once("name=\"csrfmiddlewaretoken\" value=\"")
        .unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

/// As `run` sets it.
const PASSWORD: &str = "correct horse & 100% böse";

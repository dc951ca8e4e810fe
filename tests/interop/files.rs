//! Python's own file server: HTTP/1.0, a connection for each response.

use crate::programs::{FILES, LARGE, TEXT, client, following, header, open, same};

#[test]
fn http_1_0() {
    let client = client();
    for _ in 0..3 {
        let response = client.get(FILES.url("/text.txt")).send().unwrap();
        assert_eq!(response.http_version(), "HTTP/1.0");
        assert_eq!(same(&response.content()[..], open("files/text.txt")), TEXT);
    }
    let page = client.get(FILES.url("/")).send().unwrap();
    assert!(page.text().contains("größer als nötig: 蝶"));
    let empty = client.get(FILES.url("/empty.txt")).send().unwrap();
    assert_eq!((empty.status().as_u16(), empty.content().len()), (200, 0));
    let head = client.head(FILES.url("/text.txt")).send().unwrap();
    assert_eq!(
        (
            header(&head, "content-length").as_ref(),
            head.content().len()
        ),
        ("628890", 0)
    );
    let missing = client.get(FILES.url("/none")).send().unwrap();
    assert_eq!(missing.status(), 404);
    let refused = client
        .post(FILES.url("/"))
        .body("x".repeat(100_000))
        .send()
        .unwrap();
    assert_eq!(refused.status(), 501);
    let state = format!("{client:?}");
    assert!(state.contains("0 active, 0 idle"), "{state}");
}

#[test]
fn conditions_and_folders() {
    let client = following();
    let first = client.get(FILES.url("/text.txt")).send().unwrap();
    let date = header(&first, "last-modified").into_owned();
    let again = client
        .get(FILES.url("/text.txt"))
        .header("If-Modified-Since", date);
    assert_eq!(again.send().unwrap().status(), 304);
    let folder = client.get(FILES.url("/put")).send().unwrap();
    assert_eq!(
        (folder.status().as_u16(), folder.url().path().as_ref()),
        (200, "/put/")
    );
    assert_eq!(folder.history().len(), 1);
}

#[test]
fn a_large_file() {
    let response = client().get(FILES.url("/large.bin")).stream().unwrap();
    assert_eq!(same(response, open("files/large.bin")), LARGE);
}

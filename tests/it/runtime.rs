//! The blocking client where an asynchronous runtime runs.

use papilio::Client;

use super::server::{Server, ok};

/// ASY-06, TRP-14: on a thread of a tokio runtime it blocks, and that is all; built, used and dropped there.
#[test]
fn on_a_thread_of_a_runtime() {
    let server = Server::always(ok("ok"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let text = runtime.block_on(async {
        let client = Client::new();
        let first = client.get(server.url_on("localhost", "/")).send().unwrap();
        let second = papilio::get(server.url("/")).send().unwrap();
        tokio::task::yield_now().await;
        let task = tokio::spawn({
            let url = server.url("/");
            async move {
                client
                    .post(url)
                    .body("x")
                    .send()
                    .map(|r| r.text().into_owned())
            }
        });
        format!(
            "{}{}{}",
            first.text(),
            second.text(),
            task.await.unwrap().unwrap()
        )
    });
    assert_eq!(text, "okokok");
}

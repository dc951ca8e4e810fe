//! What a request is told about interim responses, and about what goes behind its body.

use super::{RequestBuilder, WithBody};
use crate::error::Result;
use crate::models::body::Trailers;
use crate::models::informational::{Informational, OnInformational};

impl<S, B> RequestBuilder<S, B> {
    /// Calls this function with every interim response (1xx, but 101): `103 Early Hints`, `100 Continue`. See
    /// [`OnInformational`]. An error it returns ends the request.
    ///
    /// ```no_run
    /// let response = papilio::get("https://www.example.org/")
    ///     .on_informational(|interim| {
    ///         println!("{} {:?}", interim.status(), interim.links());
    ///         Ok(())
    ///     })
    ///     .send()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    ///
    /// ```
    /// # use std::io::{Read, Write};
    /// # let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", server.local_addr()?);
    /// # std::thread::spawn(move || {
    /// #     let (mut socket, _) = server.accept().unwrap();
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// #     let _ = socket.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// # });
    /// # let client = papilio::Client::builder().no_proxy().build()?;
    /// client
    ///     .get(url)
    ///     .on_informational(|interim| {
    ///         println!("{} {:?}", interim.status(), interim.links());
    ///         Ok(())
    ///     })
    ///     .send()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "early_hints")]
    pub fn on_informational(
        self,
        callback: impl Fn(&Informational<'_>) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.extension(OnInformational::new(callback))
    }
}

/// Before and behind a body.
impl<S> RequestBuilder<S, WithBody> {
    /// Asks the server whether it wants the body before that is sent: adds `Expect: 100-continue`, as a header of your own
    /// would.
    ///
    /// The head goes first. The body follows at the word of the server, `100 Continue`, or when that has not come for
    /// 1 s ([`ClientBuilder::expect_continue_wait`](crate::ClientBuilder::expect_continue_wait)). A final response
    /// instead, such as `401` or `413`, is returned, or acted upon if it is a redirect or a challenge: the body was not
    /// sent, and can be even if it can be sent only once. The connection is closed then, because the server may still
    /// wait for the body. After `417 Expectation Failed` the request is sent once more without the header, if its
    /// body can be.
    ///
    /// Without a body there is nothing to wait for.
    ///
    /// ```
    /// let request = papilio::Client::new().put("http://example.org/").body("text").expect_continue().build()?;
    /// assert_eq!(request.headers.get("Expect").as_deref(), Some("100-continue"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn expect_continue(mut self) -> Self {
        self.headers.replace("Expect", b"100-continue");
        self
    }

    /// Sends these fields behind the body, whatever that is; see [`Trailers`]. Whether the response may have trailers is
    /// another matter: that is said with the headers `TE: trailers` and, over HTTP/1.1, `Connection: TE`.
    ///
    /// ```
    /// use papilio::Headers;
    /// let request = papilio::Client::new()
    ///     .put("http://example.org/")
    ///     .body("abc")
    ///     .trailers(Headers::from_pairs([("X-Checksum", "900150983cd24fb0")])?)
    ///     .build()?;
    /// assert_eq!(request.headers.get("Trailer").as_deref(), Some("X-Checksum"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn trailers(mut self, trailers: impl Into<Trailers>) -> Self {
        let trailers = trailers.into();
        if let Err(error) = trailers.check() {
            self.fail(error);
        }
        self.trailers = Some(trailers);
        self
    }
}

//! The settings of a builder that are about what a server says before its final response.

use std::time::Duration;

use super::ClientBuilder;
use crate::client::{Buildable, ClientKind};
use crate::error::Result;
use crate::models::informational::{Informational, OnInformational};

impl<C: Buildable> ClientBuilder<C> {
    /// How long a body waits for `100 Continue` where a request [expects](crate::RequestBuilder::expect_continue) that; it
    /// is sent when the time is up. 1 s unless set; zero sends the body at once.
    ///
    /// ```
    /// use std::time::Duration;
    /// let client = papilio::Client::builder().expect_continue_wait(Duration::from_millis(300)).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn expect_continue_wait(mut self, wait: Duration) -> Self {
        self.network.expect_wait = wait;
        self
    }
}

impl<C: ClientKind> ClientBuilder<C> {
    /// Adds `Expect: 100-continue` to each request that is built with a body of more bytes than this, or of unknown
    /// length; see [`RequestBuilder::expect_continue`](crate::RequestBuilder::expect_continue). To none unless set.
    ///
    /// ```
    /// let client = papilio::Client::builder().expect_continue_above(1 << 20).build()?;
    /// let large = client.put("http://example.org/").body(vec![0; 2 << 20]).build()?;
    /// assert_eq!(large.headers.get("Expect").as_deref(), Some("100-continue"));
    /// let small = client.put("http://example.org/").body("text").build()?;
    /// assert!(!small.headers.contains("Expect"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn expect_continue_above(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.config.defaults.expect_above = bytes.into();
        self
    }

    /// Calls this with every interim response (1xx, but 101) to any request, such as `103 Early Hints`; see
    /// [`OnInformational`]. An error ends the request. Set twice, both are called, the first one first, and before that
    /// of the request.
    ///
    /// ```
    /// let client = papilio::Client::builder()
    ///     .on_informational(|interim| {
    ///         println!("{} {:?}", interim.status(), interim.links());
    ///         Ok(())
    ///     })
    ///     .build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "early_hints")]
    pub fn on_informational(
        mut self,
        callback: impl Fn(&Informational<'_>) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        let callback = OnInformational::new(callback);
        self.config.informational = Some(match self.config.informational.take() {
            Some(before) => before.then(callback),
            None => callback,
        });
        self
    }
}

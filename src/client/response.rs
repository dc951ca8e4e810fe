//! What needs the time of day to be said of a response.

use std::time::SystemTime;

use crate::models::cookies::Cookies;
use crate::models::response::Response;

impl<B> Response<B> {
    /// The cookies that this very response sets, by the rules of the jar.
    ///
    /// ```
    /// let mock = papilio::MockTransport::new(|_| Ok(papilio::Response::builder(200).header("Set-Cookie", "id=42").text("")));
    /// let client = papilio::Client::builder().transport(mock).build()?;
    /// assert_eq!(client.get("http://test/").send()?.cookies().get("id")?.as_deref(), Some("42"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn cookies(&self) -> Cookies {
        let cookies = Cookies::new();
        cookies.store(
            self.url(),
            self.head.headers.values("Set-Cookie"),
            SystemTime::now(),
        );
        cookies
    }
}

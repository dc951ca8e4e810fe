//! An application that is a `tower` service, as a transport of either client.

#![expect(private_bounds, reason = "nobody else is to write a driver")]

use std::any::Any;
use std::error::Error as StdError;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Method;
use http_body::Body;
use tokio::runtime::Handle;
use tower_service::Service;

use super::response::Answer;
use super::{AppBody, AppTransport, outcome};
use crate::asynchronous::BoxFuture;
use crate::asynchronous::response::AsyncStreamingResponse;
use crate::asynchronous::transport::AsyncTransport;
use crate::blocking::response::StreamingResponse;
use crate::blocking::transport::Transport;
use crate::client::builder::ClientBuilder;
use crate::engine::Driver;
use crate::engine::builder::IntoTransport;
use crate::engine::client::BaseClient;
use crate::error::Result;
use crate::models::body::Home;
use crate::models::request::Request;

pub(super) type BoxError = Box<dyn StdError + Send + Sync>;

impl<S> AppTransport<S> {
    /// With a service: one that takes an `http::Request<AppBody>` and answers with an `http::Response` of any
    /// `http_body::Body`, as an `axum::Router` does. It is cloned for each request, and asked whether it is ready.
    ///
    /// For one that takes another type of body, there is `tower::ServiceExt::map_request`:
    /// `service.map_request(|r: http::Request<AppBody>| r.map(axum::body::Body::new))`.
    ///
    /// In an [`AsyncClient`](crate::AsyncClient) the service runs where the request is awaited. In a
    /// [`Client`](crate::Client) it runs in a tokio runtime on a thread of its own, which ends with the transport and its
    /// responses; nothing of it is seen by the caller, who may be on a thread of another runtime.
    ///
    /// What a request has as [`extensions`](Request::extensions) the application gets too, and an [`AppScope`]. Timeouts of
    /// the client do not apply; `tower::timeout` around the service does.
    ///
    /// [`AppScope`]: crate::AppScope
    ///
    /// ```
    /// use axum::{Router, extract::Path, routing::get};
    /// use papilio::{AppTransport, Client};
    ///
    /// let app = Router::new().route("/hello/{name}", get(|Path(name): Path<String>| async move { format!("hello, {name}") }));
    /// let client = Client::builder().mount("http://greeter", AppTransport::new(app)).build()?;
    /// assert_eq!(client.get("http://greeter/hello/Ada").send()?.text(), "hello, Ada");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn new(service: S) -> Self {
        Self::over(service)
    }
}

impl<D: Driver> ClientBuilder<BaseClient<D>> {
    /// Sends every request to an application in the same process: a `tower` service such as an `axum::Router`, by an
    /// [`AppTransport`] with its default settings. A [`base_url`](Self::base_url) such as `http://testserver` lets URLs be
    /// paths.
    ///
    /// ```
    /// use axum::{Json, Router, routing::post};
    /// use papilio::AsyncClient;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let app = Router::new().route("/double", post(|Json(n): Json<u32>| async move { Json(2 * n) }));
    /// let client = AsyncClient::builder().app(app).base_url("http://testserver").build()?;
    /// assert_eq!(client.post("/double").json(&21).send().await?.json::<u32>()?, 42);
    /// # Ok::<(), papilio::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn app<S>(self, service: S) -> Self
    where
        AppTransport<S>: IntoTransport<D>,
    {
        self.transport(AppTransport::new(service))
    }
}

impl<S, B> Transport for AppTransport<S>
where
    S: Service<http::Request<AppBody>, Response = http::Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn send(&self, request: &mut Request) -> Result<StreamingResponse> {
        let runtime = self.settings.runtime.get()?;
        let handle = Some(runtime.handle().clone());
        let (made, home) = self.settings.scope.request(request, handle)?;
        let answer = runtime.run(call(self.app(), made))?;
        if let Some(home) = home {
            give_back(request, &home)?;
        }
        match answer {
            Ok(answer) => Ok(answer.into_blocking(runtime)),
            Err(error) => self.settings.failed(error),
        }
    }

    fn close(&self) {
        self.settings.runtime.close();
    }
}

impl<S, B> AsyncTransport for AppTransport<S>
where
    S: Service<http::Request<AppBody>, Response = http::Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn send<'a>(
        &'a self,
        request: &'a mut Request,
    ) -> BoxFuture<'a, Result<AsyncStreamingResponse>> {
        Box::pin(async move {
            let handle = Handle::try_current().ok();
            let (made, home) = self.settings.scope.request(request, handle)?;
            let answer = call(self.app(), made).await;
            if let Some(home) = home {
                give_back(request, &home)?;
            }
            match answer {
                Ok(answer) => Ok(answer.into_async()),
                Err(error) => self.settings.failed(error),
            }
        })
    }
}

/// One request, one answer; a panic is an error like others.
async fn call<S, B>(mut service: S, request: http::Request<AppBody>) -> Result<Answer<B>>
where
    S: Service<http::Request<AppBody>, Response = http::Response<B>>,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Error: Into<BoxError>,
{
    let is_head = request.method() == Method::HEAD;
    let call = async move {
        poll_fn(|cx| service.poll_ready(cx)).await?;
        service.call(request).await
    };
    match Unpanicking(Box::pin(call)).await {
        Ok(Ok(response)) => Ok(Answer::new(response, is_head)),
        Ok(Err(error)) => Err(outcome::failure(error.into())),
        Err(payload) => Err(outcome::panicked(payload)),
    }
}

/// Puts the body back into the request, if the application is done with it, so that it can be sent again.
///
/// # Errors
/// That of the body, which is the caller's, whatever the application made of it.
fn give_back(request: &mut Request, home: &Home) -> Result<()> {
    if let Some(body) = home.take() {
        request.body = body;
    }
    home.take_error().map_or(Ok(()), Err)
}

/// A future that ends with what it panicked with.
struct Unpanicking<F>(Pin<Box<F>>);

impl<F: Future> Future for Unpanicking<F> {
    type Output = std::result::Result<F::Output, Box<dyn Any + Send>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(cx))) {
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(payload) => Poll::Ready(Err(payload)),
        }
    }
}

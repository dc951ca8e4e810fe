//! `Tracer`: the named events of a request, told to the log, to the callback of the request and to its stopwatch; and
//! its interim responses, told to who wants them.
//!
//! Owns the names (EXT-20) and who listens. Does not own what an event looks like (`models/trace.rs`) or the order of
//! those of an exchange (`connection/progress.rs`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use http::StatusCode;
use log::LevelFilter;

use crate::error::{Error, Result};
use crate::models::headers::Headers;
use crate::models::informational::{Informational, OfClient, OnInformational};
use crate::models::record;
use crate::models::request::Request;
use crate::models::timings::{Mark, Stopwatch};
use crate::models::trace::{Event, EventInfo, EventPhase, Trace};

macro_rules! names {
    ($($name:ident = $layer:literal . $step:literal $($mark:ident)?;)+) => {
        /// A step of a request.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(dead_code, reason = "some have their name before they have code")]
        pub(crate) enum Name {
            $($name,)+
        }

        impl Name {
            fn target(self) -> &'static str {
                match self {
                    $(Self::$name => concat!("papilio::", $layer),)+
                }
            }

            fn at(self, phase: EventPhase) -> &'static str {
                match phase {
                    EventPhase::Started => match self {
                        $(Self::$name => concat!($layer, ".", $step, ".started"),)+
                    },
                    EventPhase::Complete => match self {
                        $(Self::$name => concat!($layer, ".", $step, ".complete"),)+
                    },
                    EventPhase::Failed => match self {
                        $(Self::$name => concat!($layer, ".", $step, ".failed"),)+
                    },
                }
            }

            /// What is over when this is complete.
            fn mark(self) -> Option<Mark> {
                match self {
                    $($(Self::$name => Some(Mark::$mark),)?)+
                    _ => None,
                }
            }
        }
    };
}

names! {
    ConnectTcp = "connection"."connect_tcp" Connect;
    ConnectUnixSocket = "connection"."connect_unix_socket" Connect;
    StartTls = "connection"."start_tls" Tls;
    Retry = "connection"."retry";
    SendRequestHeaders = "http11"."send_request_headers";
    SendRequestBody = "http11"."send_request_body" Sent;
    ReceiveResponseHeaders = "http11"."receive_response_headers" FirstByte;
    ReceiveResponseBody = "http11"."receive_response_body";
    ResponseClosed = "http11"."response_closed";
    H2SendConnectionInit = "http2"."send_connection_init";
    H2SendRequestHeaders = "http2"."send_request_headers";
    H2SendRequestBody = "http2"."send_request_body" Sent;
    H2ReceiveResponseHeaders = "http2"."receive_response_headers" FirstByte;
    H2ReceiveResponseBody = "http2"."receive_response_body";
    H2ReceiveRemoteSettings = "http2"."receive_remote_settings";
    H2ResponseClosed = "http2"."response_closed";
    ProxyStartTls = "proxy"."start_tls" Tls;
    SocksConnectTcp = "socks"."connect_tcp" Connect;
    SetupSocks5Connection = "socks"."setup_socks5_connection";
    SocksStartTls = "socks"."start_tls" Tls;
}

/// Tells whoever listens; usually nobody does, and then nothing is done but to see that.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tracer(Option<Arc<Listeners>>);

#[derive(Debug)]
struct Listeners {
    trace: Option<Trace>,
    stopwatch: Option<Stopwatch>,
    /// The client's and the request's.
    informational: [Option<OnInformational>; 2],
    /// As it is shown.
    request: Request,
    /// The callback has ended the request: nothing is tried again.
    refused: AtomicBool,
}

impl Tracer {
    /// Those who listen to this request.
    pub(crate) fn of(request: &Request) -> Self {
        if request.extensions().is_empty() && log::max_level() < LevelFilter::Debug {
            return Self(None);
        }
        Self::listen(request)
    }

    #[cold]
    fn listen(request: &Request) -> Self {
        let extensions = request.extensions();
        let trace = extensions.get::<Trace>().cloned();
        let stopwatch = extensions.get::<Stopwatch>().cloned();
        let of_client = extensions.get::<OfClient>().map(|OfClient(hook)| hook);
        let of_request = extensions.get::<OnInformational>();
        let informational = [of_client, of_request].map(Option::<&_>::cloned);
        let is_wanted = trace.is_some()
            || stopwatch.is_some()
            || informational.iter().any(Option::is_some)
            || log::max_level() >= LevelFilter::Debug;
        Self(is_wanted.then(|| {
            Arc::new(Listeners {
                trace,
                stopwatch,
                informational,
                request: request.shown(),
                refused: AtomicBool::new(false),
            })
        }))
    }

    #[inline]
    pub(crate) fn is_off(&self) -> bool {
        self.0.is_none()
    }

    /// Whether the callback has ended the request.
    pub(crate) fn has_refused(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|listeners| listeners.refused.load(Ordering::Relaxed))
    }

    /// A step begins.
    ///
    /// # Errors
    /// What the callback returned: the request is over, and so is the connection.
    #[inline]
    pub(crate) fn started(&self, name: Name, info: EventInfo<'_>) -> Result<()> {
        match &self.0 {
            None => Ok(()),
            Some(listeners) => listeners.tell(name, EventPhase::Started, info),
        }
    }

    /// A step of sending the request or receiving its response begins.
    ///
    /// # Errors
    /// As [`started`](Self::started).
    pub(crate) fn started_with_request(&self, name: Name) -> Result<()> {
        match &self.0 {
            None => Ok(()),
            Some(listeners) => {
                let info = EventInfo::Request(&listeners.request);
                listeners.tell(name, EventPhase::Started, info)
            }
        }
    }

    /// A step of a request on a stream of HTTP/2 begins.
    ///
    /// # Errors
    /// As [`started`](Self::started).
    #[cfg(feature = "async")]
    pub(crate) fn started_on_stream(&self, name: Name, id: u32) -> Result<()> {
        match &self.0 {
            None => Ok(()),
            Some(listeners) => {
                let request = Some(&listeners.request);
                listeners.tell(name, EventPhase::Started, EventInfo::Stream { request, id })
            }
        }
    }

    /// A step ended well.
    ///
    /// # Errors
    /// As [`started`](Self::started).
    #[inline]
    pub(crate) fn complete(&self, name: Name, info: EventInfo<'_>) -> Result<()> {
        match &self.0 {
            None => Ok(()),
            Some(listeners) => listeners.tell(name, EventPhase::Complete, info),
        }
    }

    /// A step failed. What the callback says to that changes nothing: the request has its error.
    #[inline]
    pub(crate) fn failed(&self, name: Name, error: &Error) {
        if let Some(listeners) = &self.0 {
            let _ = listeners.tell(name, EventPhase::Failed, EventInfo::Failed(error));
        }
    }

    /// An interim response was received.
    ///
    /// # Errors
    /// What a callback returned: the request is over, and so is the connection.
    pub(crate) fn informational(&self, status: StatusCode, headers: &Headers) -> Result<()> {
        let Some(listeners) = &self.0 else {
            return Ok(());
        };
        let interim = Informational::new(status, headers, &listeners.request.url);
        for callback in listeners.informational.iter().flatten() {
            callback.tell(&interim).inspect_err(|_| {
                listeners.refused.store(true, Ordering::Relaxed);
            })?;
        }
        Ok(())
    }

    /// Something is over for which there is no event.
    #[inline]
    pub(crate) fn mark(&self, mark: Mark) {
        if let Some(listeners) = &self.0 {
            listeners.mark(mark);
        }
    }

    /// The request is tried, perhaps not for the first time.
    #[inline]
    pub(crate) fn attempt(&self) {
        if let Some(listeners) = &self.0
            && let Some(stopwatch) = &listeners.stopwatch
        {
            stopwatch.attempt(Instant::now());
        }
    }
}

impl Listeners {
    #[cold]
    fn tell(&self, name: Name, phase: EventPhase, info: EventInfo<'_>) -> Result<()> {
        if phase == EventPhase::Complete
            && let Some(mark) = name.mark()
        {
            self.mark(mark);
        }
        let event = Event {
            name: name.at(phase),
            phase,
            info,
        };
        record::event(name.target(), &event);
        match &self.trace {
            None => Ok(()),
            Some(trace) => trace.tell(&event).inspect_err(|_| {
                self.refused.store(true, Ordering::Relaxed);
            }),
        }
    }

    #[cold]
    fn mark(&self, mark: Mark) {
        if let Some(stopwatch) = &self.stopwatch {
            stopwatch.mark(mark, Instant::now());
        }
    }
}

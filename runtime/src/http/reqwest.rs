//! The middleware for `reqwest`: makes each request a call, and writes the trace into its headers.

use std::error::Error as _;
use std::future::poll_fn;
use std::pin::{Pin, pin};

use http::Extensions;
use reqwest_middleware::reqwest::{Request, Response};
use reqwest_middleware::{Error, Middleware, Next, Result};

use super::outbound::{Outbound, Target, record_status};
use crate::record::ErrorKind;
use crate::span::{Call, WithCall};

/// The future of a request, as the trait `Middleware` requires it.
type Sent<'a> = Pin<Box<dyn Future<Output = Result<Response>> + Send + 'a>>;

impl Middleware for Outbound {
    fn handle<'me, 'extensions, 'next, 'sent>(
        &'me self,
        mut request: Request,
        extensions: &'extensions mut Extensions,
        next: Next<'next>,
    ) -> Sent<'sent>
    where
        'me: 'sent,
        'extensions: 'sent,
        'next: 'sent,
        Self: 'sent,
    {
        Box::pin(async move {
            let call = self.open_request(&mut request);
            let mut held = pin!(WithCall::new(call, next.run(request, extensions)));
            let result = poll_fn(|context| held.as_mut().poll(|sent| sent.poll(context))).await;
            if let Some(call) = held.as_mut().call() {
                match &result {
                    Ok(response) => record_status(call, response.status()),
                    Err(error) => record_error(call, error),
                }
            }
            held.end();
            result
        })
    }
}

impl Outbound {
    fn open_request(&self, request: &mut Request) -> Option<Call> {
        let (method, url) = (request.method().clone(), request.url().clone());
        let target = Target {
            host: url.host_str().unwrap_or_default(),
            port: url.port(),
        };
        self.open(&method, &target, request.headers_mut())
    }
}

/// Records the kind of an error and its sources. Its own text is not recorded, since it contains the whole URL.
fn record_error(call: &mut Call, error: &Error) {
    let (label, message, source) = match error {
        // The sources of a middleware's error may contain a URL as well, so they are not recorded.
        Error::Middleware(_) => ("http_middleware", "a middleware failed", None),
        Error::Reqwest(error) if error.is_timeout() => {
            ("http_timeout", "the request timed out", error.source())
        }
        Error::Reqwest(error) if error.is_connect() => {
            ("http_connect", "could not connect", error.source())
        }
        Error::Reqwest(error) => ("http_transport", "the request failed", error.source()),
    };
    call.fail(ErrorKind::Label(label), format_args!("{message}"), source);
}

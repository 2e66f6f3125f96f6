//! The same for `reqwest`, as a middleware.

use std::error::Error as _;
use std::future::poll_fn;
use std::pin::{Pin, pin};

use http::Extensions;
use reqwest_middleware::reqwest::{Request, Response};
use reqwest_middleware::{Error, Middleware, Next, Result};

use super::outbound::{Outbound, To, answered};
use crate::record::ErrorKind;
use crate::span::{Call, WithCall};

/// The future of a request, as the trait asks for it.
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
            let call = self.open(&mut request);
            let mut held = pin!(WithCall::new(call, next.run(request, extensions)));
            let answer = poll_fn(|context| held.as_mut().poll(|sent| sent.poll(context))).await;
            if let Some(call) = held.as_mut().call() {
                match &answer {
                    Ok(response) => answered(call, response.status()),
                    Err(error) => failed(call, error),
                }
            }
            held.end();
            answer
        })
    }
}

impl Outbound {
    fn open(&self, request: &mut Request) -> Option<Call> {
        let (method, url) = (request.method().clone(), request.url().clone());
        let to = To {
            host: url.host_str().unwrap_or_default(),
            port: url.port(),
        };
        self.begin(&method, &to, request.headers_mut())
    }
}

/// What is recorded of an error: not its own text, which has the whole URL, but what kind it is, and the errors behind it.
fn failed(call: &mut Call, error: &Error) {
    let (label, what, source) = match error {
        // What is behind it may be an error with a URL as well.
        Error::Middleware(_) => ("http_middleware", "a middleware failed", None),
        Error::Reqwest(error) if error.is_timeout() => {
            ("http_timeout", "the request timed out", error.source())
        }
        Error::Reqwest(error) if error.is_connect() => {
            ("http_connect", "could not connect", error.source())
        }
        Error::Reqwest(error) => ("http_transport", "the request failed", error.source()),
    };
    call.fail(ErrorKind::Label(label), format_args!("{what}"), source);
}

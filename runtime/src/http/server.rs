//! The service that makes each request a call: reads the request's context, and opens the call.

use std::fmt::Display;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::USER_AGENT;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response};
use http_body::Body;
use tower_service::Service;

use super::body::ResponseBody;
use super::callsites::SERVER;
use super::response::ResponseFuture;
use super::settings::ServerSettings;
use crate::propagation::{Remote, extract};
use crate::scope::{ContextVisitor, LogContext, OFF, ReceivedHeaders};
use crate::span::{Call, WithCall};
use crate::trace;

/// The service that [`HttpLayer`](super::HttpLayer) wraps around another one.
#[derive(Debug, Clone)]
pub struct HttpService<S> {
    inner: S,
    settings: Arc<ServerSettings>,
}

impl<S> HttpService<S> {
    pub(super) fn new(inner: S, settings: Arc<ServerSettings>) -> Self {
        Self { inner, settings }
    }
}

impl<S, Q, R> Service<Request<Q>> for HttpService<S>
where
    S: Service<Request<Q>, Response = Response<R>, Error: Display>,
    R: Body<Error: Display>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let is_head = request.method() == Method::HEAD;
        let (opened, request) = open(&self.settings, request);
        let Some(Opened {
            mut call,
            is_entry_point,
        }) = opened
        else {
            return ResponseFuture::new(
                WithCall::new(None, self.inner.call(request)),
                None,
                is_head,
            );
        };
        let inner = call.inside(|| self.inner.call(request));
        let request_id_header = is_entry_point.then(|| self.settings.request_id_header.clone());
        ResponseFuture::new(
            WithCall::served(Some(call), inner),
            request_id_header,
            is_head,
        )
    }
}

/// The call of a request.
struct Opened {
    call: Call,
    /// The request enters the process with this call: no outer layer of ours measures it.
    is_entry_point: bool,
}

fn open<Q>(settings: &ServerSettings, request: Request<Q>) -> (Option<Opened>, Request<Q>) {
    if OFF || settings.is_left_out(request.uri()) {
        return (None, request);
    }
    let (parts, body) = request.into_parts();
    let parent = trace::current().callsite;
    let is_entry_point = parent.is_none_or(|parent| parent.module != SERVER);
    let call = open_with_context(settings, &parts, is_entry_point);
    let opened = call.has_listeners().then_some(Opened {
        call,
        is_entry_point,
    });
    (opened, Request::from_parts(parts, body))
}

/// Opens the call with the context from the request's headers and from the program's hook.
fn open_with_context(settings: &ServerSettings, parts: &Parts, is_entry_point: bool) -> Call {
    let remote = is_entry_point.then(|| extract(&parts.headers));
    let request_id = parts.headers.get(&settings.request_id_header);
    // A header that is not text becomes an invalid id, so that it is rejected and counted.
    let request_id = request_id.map(|id| id.to_str().unwrap_or("\0"));
    let context = IncomingContext {
        remote: remote.as_ref(),
        request_id: request_id.filter(|_| is_entry_point),
        program: None,
    };
    let Some(hook) = &settings.context else {
        return open_call(settings, parts, &context);
    };
    let mut opened = None;
    hook(parts, &mut |program| {
        let context = IncomingContext {
            program: Some(program),
            ..context
        };
        opened = Some(open_call(settings, parts, &context));
    });
    opened.unwrap_or_else(|| open_call(settings, parts, &context))
}

fn open_call(settings: &ServerSettings, parts: &Parts, context: &IncomingContext<'_>) -> Call {
    let user_agent = settings.user_agent.then(|| user_agent(&parts.headers));
    let path = settings.path.then(|| parts.uri.path());
    let route = settings.route.as_ref().and_then(|route| route(parts));
    Call::open_as(settings.callsite_of(parts, route), |builder| {
        builder.context(context).call(&[
            &parts.method.as_str(),
            &path,
            &route,
            &tracing::field::debug(parts.version),
            &user_agent.flatten(),
        ])
    })
}

fn user_agent(headers: &HeaderMap) -> Option<&str> {
    headers.get(USER_AGENT)?.to_str().ok()
}

/// The context of a request. A later field of this struct overrides the earlier ones.
#[derive(Clone, Copy)]
struct IncomingContext<'a> {
    /// The caller's trace and baggage.
    remote: Option<&'a Remote>,
    request_id: Option<&'a str>,
    /// The context that the program's hook returned.
    program: Option<&'a dyn LogContext>,
}

impl LogContext for IncomingContext<'_> {
    fn visit(&self, out: &mut ContextVisitor<'_>) {
        if let Some(remote) = self.remote {
            remote.visit(out);
        }
        if let Some(id) = self.request_id {
            out.field("request_id", &id);
        }
        if let Some(program) = self.program {
            program.visit(out);
        }
    }

    fn received_headers(&self) -> Option<ReceivedHeaders> {
        self.remote?.received_headers()
    }
}

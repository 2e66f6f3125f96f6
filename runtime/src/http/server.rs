//! A service whose requests are calls: what a request brings, and how its call is opened.

use std::fmt::Display;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::USER_AGENT;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response};
use http_body::Body;
use tower_service::Service;

use super::answer::ResponseFuture;
use super::body::ResponseBody;
use super::callsites::SERVER;
use super::settings::Settings;
use crate::propagation::{Remote, extract};
use crate::scope::{ContextVisitor, LogContext, OFF, ReceivedHeaders};
use crate::span::{Call, WithCall};
use crate::trace;

/// What [`HttpLayer`](super::HttpLayer) makes of a service.
#[derive(Debug, Clone)]
pub struct HttpService<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> HttpService<S> {
    pub(super) fn new(inner: S, settings: Arc<Settings>) -> Self {
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
        let Some(Opened { mut call, is_door }) = opened else {
            return ResponseFuture::new(
                WithCall::new(None, self.inner.call(request)),
                None,
                is_head,
            );
        };
        let inner = call.inside(|| self.inner.call(request));
        let names = is_door.then(|| self.settings.request_id.clone());
        ResponseFuture::new(WithCall::served(Some(call), inner), names, is_head)
    }
}

/// A request that is measured.
struct Opened {
    call: Call,
    /// It has come in here, and was not measured by a layer outside of this one.
    is_door: bool,
}

fn open<Q>(settings: &Settings, request: Request<Q>) -> (Option<Opened>, Request<Q>) {
    if OFF || settings.leaves_out(request.uri()) {
        return (None, request);
    }
    let (parts, body) = request.into_parts();
    let above = trace::current().callsite;
    let is_door = above.is_none_or(|above| above.module != SERVER);
    let call = begin(settings, &parts, is_door);
    let opened = call.has_listeners().then_some(Opened { call, is_door });
    (opened, Request::from_parts(parts, body))
}

fn begin(settings: &Settings, parts: &Parts, is_door: bool) -> Call {
    let remote = is_door.then(|| extract(&parts.headers));
    let request_id = parts.headers.get(&settings.request_id);
    // What is no text is no id, and is to be refused and counted as such.
    let request_id = request_id.map(|id| id.to_str().unwrap_or("\0"));
    let brought = Brought {
        remote: remote.as_ref(),
        request_id: request_id.filter(|_| is_door),
        more: None,
    };
    let Some(context) = &settings.context else {
        return call(settings, parts, &brought);
    };
    let mut opened = None;
    context(parts, &mut |more| {
        let brought = Brought {
            more: Some(more),
            ..brought
        };
        opened = Some(call(settings, parts, &brought));
    });
    opened.unwrap_or_else(|| call(settings, parts, &brought))
}

fn call(settings: &Settings, parts: &Parts, brought: &Brought<'_>) -> Call {
    let user_agent = settings.user_agent.then(|| user_agent(&parts.headers));
    Call::open_as(settings.site, |builder| {
        builder.context(brought).call(&[
            &parts.method.as_str(),
            &parts.uri.path(),
            &tracing::field::debug(parts.version),
            &user_agent.flatten(),
        ])
    })
}

fn user_agent(headers: &HeaderMap) -> Option<&str> {
    headers.get(USER_AGENT)?.to_str().ok()
}

/// What a request brings: the caller's trace and fields, its id, and what the program knows of it; the later count more.
#[derive(Clone, Copy)]
struct Brought<'a> {
    remote: Option<&'a Remote>,
    request_id: Option<&'a str>,
    more: Option<&'a dyn LogContext>,
}

impl LogContext for Brought<'_> {
    fn visit(&self, out: &mut ContextVisitor<'_>) {
        if let Some(remote) = self.remote {
            remote.visit(out);
        }
        if let Some(id) = self.request_id {
            out.field("request_id", &id);
        }
        if let Some(more) = self.more {
            more.visit(out);
        }
    }

    fn received_headers(&self) -> Option<ReceivedHeaders> {
        self.remote?.received_headers()
    }
}

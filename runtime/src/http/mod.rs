//! HTTP: a tower layer for servers, which makes each request a call and a trace, and one for clients, which propagates
//! the trace.
//!
//! ```
//! use axum::{Router, routing::get};
//!
//! let app: Router = Router::new()
//!     .route("/query", get(|| async { "an answer" }))
//!     .layer(ragspan::http::layer());
//! # drop(app);
//! ```
//!
//! A request is measured from its head to the last byte of its response. Its method, its path and its status are
//! recorded; its query string, its headers and its body are not. See `docs/http.md` for the outcomes of a request.

mod body;
mod callsites;
mod grpc;
mod hosts;
mod outbound;
#[cfg(feature = "reqwest")]
mod reqwest;
mod response;
mod server;
mod settings;

pub use body::ResponseBody;
pub use outbound::{Outbound, OutboundFuture, OutboundService, outbound_layer};
pub use response::ResponseFuture;
pub use server::HttpService;
pub use settings::{HttpLayer, layer};

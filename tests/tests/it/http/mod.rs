//! A request over HTTP is one call of one trace, in and out, to the last byte of its response.

mod bodies;
mod outbound;
mod requests;
mod server;

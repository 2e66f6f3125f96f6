//! What ragspan promises, one module a promise.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

// A call ends once, with the right record, counts and gauge.
mod outcomes;
// A call that is cancelled or panics ends once, wherever it is when that happens.
mod cancellation;
// A stream is one call, from the calling of its function to its last item, its first error or its drop.
mod streams;
// A block under `span!` is a call like that of an annotated function, and takes values while it runs.
mod manual;
// An error is told once, where it is born, however far it travels.
mod errors;
// The sums and self times of a request are those that a model makes of its records.
mod selftime;
// A provider's bill is matched to the token and the nano-dollar.
mod bill;
// A field is asked for once, and not at all where nobody listens.
mod fields;
// What the tests of how calls end share.
mod ends;
// Every record inside a request carries its ids and context, through third-party spans and tasks.
mod context;
// Random trees of calls, tasks and threads keep every id and field in its place.
mod tree;
// What the derive says of a field is what records show of it; what is hashed or redacted is in no byte of them.
mod derive;
// A request learns on its way, and all that follows shows it.
mod bind;
// What a request starts elsewhere is part of it, and tells who ended it.
mod task;
// A trace goes on in the next service, and what a stranger sends does no harm.
mod propagation;
// Services that a vendor's own client traces and ours are one trace.
mod interop;
// No secret leaves by any door, whatever place of the program it stands in.
mod canary;
// What attacks whoever shows it leaves as plain text.
mod injection;
// A request over HTTP is one call of one trace, in and out, to the last byte of its response.
mod http;
// A function of any shape does under the attribute what it does without it.
mod matrix;
// A capture sees all that its code records, and nothing of other captures.
mod capture;
// What a test says of a capture holds, or it is told what there was.
mod assertions;
// A module of the runtime uses only modules below it; time and chance enter through the clock.
mod layers;
// Every record has its eighteen keys and validates against the published schema.
mod records;
// An event can be CRITICAL, and is an ERROR to everybody else.
mod critical;
// Nothing is lost without being counted, and what was flushed survives a kill.
mod accounting;
// What a scraper reads is what Prometheus' own tool accepts.
mod metrics;
// It starts in somebody else's program, and says so when it cannot.
mod startup;
// One file says what is wanted, and teaches when it is wrong.
mod config;
// The quickstart shows the whole way, from an annotated function to an answer.
mod quickstart;
// What the quickstart prints has, line by line, the shape that the README shows.
mod page;
// The quickstart as a service: its metrics, its traces, its health.
mod service;
// Under twenty hostile conditions the application runs, and is told once what is wrong.
mod hostile;
// Another library's subscriber, logger and signals are lived with.
mod composition;
// Identifiers use the words of the field.
mod vocabulary;
// No type of the libraries that we are built on is in the public API.
mod api;
// As packaged, and outside the workspace, it builds and runs.
mod package;
// A person and a machine each get records as they read them.
mod formats;
// What runs the programs beside this file.
mod programs;
// Who follows the tutorial sees what it says.
mod tutorial;

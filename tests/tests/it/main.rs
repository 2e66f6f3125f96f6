//! The promises of ragspan; each module tests one of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

// A call ends once, with the right record, counts and gauge.
mod outcomes;
// A call that is cancelled or panics ends once, wherever it is when that happens.
mod cancellation;
// A stream is one call, from the calling of its function to its last item, its first error or its drop.
mod streams;
// A block under `span!` is a call like that of an annotated function, and values can be recorded while it runs.
mod manual;
// An error is recorded once, at its origin, however far it is passed on.
mod errors;
// The sums and self times of a request are those that a model makes of its records.
mod selftime;
// Recorded usage and cost equal the provider's bill to the token and the nano-dollar.
mod bill;
// A field is evaluated once, and never when disabled.
mod fields;
// Helpers for tests of outcomes.
mod ends;
// Every record inside a request carries its ids and context, through third-party spans and tasks.
mod context;
// Random trees of calls, tasks and threads record the right ids and fields.
mod tree;
// Records show a field as the derive's attributes ask, and never contain a hashed or redacted value.
mod derive;
// Fields that are bound during a request are in all its later records.
mod bind;
// Tasks and threads that a request starts belong to it, and a cancelled one records the reason.
mod task;
// A trace continues in the next service, and untrusted headers are harmless.
mod propagation;
// Services that a vendor's own client traces and ours are one trace.
mod interop;
// No secret is in any output, whichever input of the program it was put into.
mod canary;
// Text that attacks its viewer is plain text in every output.
mod injection;
// A request over HTTP is one call of one trace, in and out, to the last byte of its response.
mod http;
// The attribute does not change the behaviour of a function of any shape.
mod matrix;
// A capture has all records of its code, and none of other captures.
mod capture;
// An assertion on a capture holds, or its message shows what was captured.
mod assertions;
// A module of the runtime uses only modules below it; time and chance enter through the clock.
mod layers;
// Every record has its eighteen keys and validates against the published schema.
mod records;
// An event can be CRITICAL, and is an ERROR for other layers.
mod critical;
// Every lost record is counted, and flushed records survive a kill.
mod accounting;
// Prometheus' own tool accepts the exposition.
mod metrics;
// ragspan starts in a program with its own subscriber or recorder, and reports what it cannot do there.
mod startup;
// One file configures everything, and its mistakes are reported with a fix.
mod config;
// The quickstart shows the whole way, from an annotated function to an answer.
mod quickstart;
// The output of the quickstart has, line by line, the form that the README shows.
mod page;
// The quickstart as a service: its metrics, its traces, its health.
mod service;
// Under twenty hostile conditions the application runs, and each problem is reported once.
mod hostile;
// ragspan works beside another library's subscriber, logger and signals.
mod composition;
// Identifiers use the words of the field.
mod vocabulary;
// The public API names no type of an implementation dependency.
mod api;
// The packaged crates build and run outside the workspace.
mod package;
// Terminals get human-readable records, other outputs JSON.
mod formats;
// Runs the programs of this package.
mod programs;
// The files of the tutorial compile at every step, and print the shown output.
mod tutorial;

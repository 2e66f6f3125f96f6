//! The promises of ragspan, one module for each.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

// A call ends once, with the right record, counts and gauge.
mod outcomes;
// A call that is cancelled or panics is recorded once, at any point of its execution.
mod cancellation;
// A stream is one call, from the call of its function to its last item, its first error or its drop.
mod streams;
// A block under `span!` is a call like that of an annotated function, and records values while it runs.
mod manual;
// An error is recorded as an ERROR once, by the call that it originates in, however many calls it passes through.
mod errors;
// The sums and self times of a request equal those that a model computes from its records.
mod selftime;
// The token counts of replies of every known provider are read into kinds that do not overlap.
mod usage;
// Calls cost what their tokens cost by the table of prices, or their cost is unknown.
mod priced;
// Recorded tokens and costs equal a provider's bill, to the token and the nano-dollar.
mod bill;
// A field is evaluated once, and not at all without a pipeline or subscriber.
mod fields;
// Helpers for tests of outcomes.
mod ends;
// Every record inside a request carries its ids and context, through third-party spans and tasks.
mod context;
// Records of random trees of calls, tasks and threads have the right ids and fields.
mod bounds;
mod threads;
mod tree;
// Records show a field as its derive attributes define it; hashed and redacted values are not in their bytes.
mod derive;
// A field that is bound during a request is in all later records of the request.
mod bind;
// Tasks and threads that a request starts are part of it, and record why they were cancelled.
mod task;
// A trace continues in the next service, and headers from untrusted callers are harmless.
mod propagation;
// Services that a vendor's client traces and services that ragspan traces are one trace.
mod interop;
// No secret is in any output, from whichever input it comes.
mod canary;
// Control sequences and markup in text are escaped in every output.
mod injection;
// A request over HTTP, inbound or outbound, is one call, which ends with the last byte of the response.
mod http;
// A function of any shape behaves with the attribute as it does without it.
mod matrix;
// A capture has all records of its code, and none of other captures.
mod capture;
// A failing assertion on a capture reports what the capture has.
mod assertions;
// A module of the runtime uses only modules of a lower rank; time and randomness enter through the clock.
mod layers;
// Every record has its eighteen keys and validates against the published schema.
mod records;
// An event can be CRITICAL, and is an ERROR for other layers.
mod critical;
// Lost records are counted, and flushed records survive a kill.
mod accounting;
// A shutdown delivers what was emitted before it; no late thread, full pipe or fork makes a caller wait.
mod delivery;
// The tool of Prometheus accepts the exposition.
mod metrics;
// Telemetry starts in programs with other subscribers, loggers and recorders, or reports why it cannot.
mod startup;
// One file configures everything, and its errors name the fix.
mod config;
// The quickstart covers the whole path from an annotated function to an answer.
mod quickstart;
// The output of the quickstart has, line by line, the shape that the README shows.
mod page;
// The quickstart as a service: its metrics, its traces, its health.
mod service;
// Under twenty hostile conditions the application runs, and each problem is reported once.
mod hostile;
// The listener answers while clients are silent and while it renders, and shows what happened to the records of each sink.
mod listener;
// Standard output and log files lose and tear no line, whatever other programs do with them.
mod files;
// Telemetry works together with the subscriber, the logger and the signals of other libraries.
mod composed;
mod composition;
// The names in a record are spelled in one table, and stored so that they can be asked for.
mod keys;
// Identifiers use the words of the field.
mod vocabulary;
// The public API names no type of an implementation dependency.
mod api;
// The packaged crates build and run outside the workspace.
mod package;
// Records are human-readable in the format `pretty`, and JSON otherwise.
mod formats;
// Runs the programs of this package.
mod programs;
// The commands of the tutorial work, and print what it shows.
mod tutorial;
// The commands of every other page work, and print what it shows.
mod shown;
// Runs the console blocks of a page.
mod console;

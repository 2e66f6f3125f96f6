//! A retrieval-augmented answering service, small but real: what the quickstart instruments.
//!
//! Everything works offline. Each stage is one function, so that one attribute above it is all its instrumentation.

pub mod answer;
pub mod bound;
pub mod chunk;
pub mod claims;
pub mod corpus;
pub mod embed;
pub mod evaluate;
pub mod extract;
pub mod fuse;
pub mod generate;
pub mod ingest;
pub mod levels;
pub mod library;
pub mod memory;
pub mod next;
mod numbers;
#[cfg(feature = "openai")]
pub mod openai;
pub mod parse;
pub mod pipeline;
pub mod program;
pub mod progress;
pub mod prompt;
pub mod query;
pub mod report;
pub mod retrieve;
pub mod sentences;
pub mod serve;
pub mod spelling;
#[cfg(feature = "openai")]
pub mod sse;
mod statement;
pub mod summary;
pub mod telemetry;
pub mod tokens;
pub mod words;

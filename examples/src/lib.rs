//! A retrieval-augmented answering service, small but real: what the quickstart instruments.
//!
//! Everything works offline. Each stage is one function, so that one attribute above it is all its instrumentation.

pub mod chunk;
pub mod claims;
pub mod corpus;
pub mod embed;
pub mod evaluate;
pub mod extract;
pub mod fuse;
pub mod generate;
pub mod ingest;
pub mod library;
pub mod memory;
mod numbers;
pub mod parse;
pub mod prompt;
pub mod retrieve;
pub mod sentences;
pub mod spelling;
mod statement;
pub mod tokens;
pub mod words;

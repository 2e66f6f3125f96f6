//! Counts tokens as OpenAI's models do, offline: the table of `cl100k_base` is compiled in.

use tiktoken_rs::{CoreBPE, cl100k_base_singleton};

/// Returns the number of tokens of a text.
///
/// The function has a `tracing` span alone, as one of a library that does not know ragspan.
#[tracing::instrument(target = "tokenizer", skip_all, fields(bytes = text.len()))]
pub fn count_tokens(text: &str) -> u64 {
    let tokens = encoding().count_ordinary(text);
    tracing::info!(target: "tokenizer", tokens, "counted");
    tokens as u64
}

/// Unpacks the table, which takes a fifth of a second in a debug build, so that no request waits for it.
pub fn warm_up() {
    encoding();
}

fn encoding() -> &'static CoreBPE {
    cl100k_base_singleton()
}

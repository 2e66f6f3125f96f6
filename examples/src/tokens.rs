//! Counts tokens as OpenAI's models do, with a `tracing` span of its own, like a third-party library.
//!
//! The table of `cl100k_base` is compiled in, so counting works offline. It takes a fifth of a second to unpack in a
//! debug build, the larger `o200k_base` twice as long for counts that differ by a few percent.

use tiktoken_rs::{CoreBPE, cl100k_base_singleton};

/// The number of tokens of a text.
///
/// Annotated with `tracing` alone, as a library that knows nothing of ragspan would be.
#[tracing::instrument(target = "tokenizer", skip_all, fields(bytes = text.len()))]
#[must_use]
pub fn count_tokens(text: &str) -> u64 {
    let tokens = encoding().count_ordinary(text);
    tracing::info!(target: "tokenizer", tokens, "counted");
    tokens as u64
}

/// Unpacks the table, so that the first request need not wait for it.
pub fn warm_up() {
    encoding();
}

fn encoding() -> &'static CoreBPE {
    cl100k_base_singleton()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_agree_with_the_published_encoding() {
        assert_eq!(count_tokens(""), 0);
        assert_eq!(count_tokens("tiktoken is great!"), 6);
        assert_eq!(count_tokens("antidisestablishmentarianism"), 6);
    }
}

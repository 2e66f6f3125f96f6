//! Writes the prompt: the rules, the sources and the question.

use crate::retrieve::Hit;

/// The version of the prompt, recorded with every answer, so that answers before and after a change can be compared.
pub const VERSION: &str = "quote-3";

/// The system prompt of every model.
pub const RULES: &str = "Answer from the sources alone, in at most three sentences. After each sentence name its source \
in square brackets as it is given, for example [docs/ids.md:12]. If the sources do not answer, say so.";

/// Returns the user's part of the prompt: the sources, each under the name to cite it by, then the question.
pub fn user_prompt(question: &str, hits: &[Hit]) -> String {
    let sources = hits.iter().map(|hit| {
        let chunk = &hit.chunk;
        format!("[{}:{}]\n{}\n\n", chunk.source, chunk.line, chunk.text())
    });
    let mut prompt: String = sources.collect();
    prompt.push_str("Question: ");
    prompt.push_str(question);
    prompt
}

#[cfg(test)]
pub mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::chunk::chunk;
    use crate::corpus::Document;

    /// Returns hits from the text of one document, for the tests of the stages after the retrieval.
    pub fn hits(source: &str, text: &str) -> Vec<Hit> {
        let chunks = chunk(&Document {
            source: source.to_owned(),
            text: text.to_owned(),
        });
        let hit = |chunk| Hit {
            chunk: Arc::new(chunk),
            relevance: 1.0,
        };
        chunks.into_iter().map(hit).collect()
    }

    #[test]
    fn sources_come_before_the_question_under_their_names() {
        let prompt = user_prompt("How far?", &hits("a.md", "# Flight\n\nBees fly far.\n"));
        assert_eq!(prompt, "[a.md:3]\nBees fly far.\n\nQuestion: How far?");
    }
}

//! Embeds text without a model: words and their letter trigrams, hashed into a fixed number of dimensions.
//!
//! The embedding is not semantic: `treating` and `treatment` are close, and so is a misspelt word to the right one, but not `cure`. It replaces the real model of a service, and returns the same vector on every machine.

use crate::words::content_stems;

/// The length of every vector.
pub const DIMENSIONS: usize = 1024;

/// The weight of all trigrams of a word together; the whole word weighs one.
const TRIGRAMS_WEIGHT: f32 = 0.7;

/// A vector of length one, or the zero vector of a text without words.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding(Vec<f32>);

impl Embedding {
    /// The cosine of the angle between two embeddings: 1 for the same text, about 0 for texts with nothing in common.
    #[must_use]
    pub fn cosine(&self, other: &Self) -> f32 {
        self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum()
    }
}

/// The embedding of a text.
#[must_use]
pub fn embed(text: &str) -> Embedding {
    let mut vector = vec![0.0; DIMENSIONS];
    for stem in content_stems(text) {
        add(&mut vector, stem.as_bytes(), 1.0);
        add_trigrams(&mut vector, &stem);
    }
    damp(&mut vector);
    normalize(&mut vector);
    Embedding(vector)
}

fn add_trigrams(vector: &mut [f32], stem: &str) {
    let marked: Vec<char> = format!("^{stem}$").chars().collect();
    let weight = TRIGRAMS_WEIGHT / marked.len().saturating_sub(2).max(1) as f32;
    for trigram in marked.windows(3) {
        let text: String = trigram.iter().collect();
        add(vector, format!("#{text}").as_bytes(), weight);
    }
}

/// Adds a feature at the position and with the sign of its hash, so that collisions cancel out on average.
fn add(vector: &mut [f32], feature: &[u8], weight: f32) {
    let hash = fnv1a(feature);
    let position = usize::try_from(hash % DIMENSIONS as u64).unwrap_or(0);
    let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
    if let Some(value) = vector.get_mut(position) {
        *value += sign * weight;
    }
}

/// A word repeated ten times does not weigh ten times as much.
fn damp(vector: &mut [f32]) {
    for value in vector {
        *value = value.signum() * value.abs().sqrt();
    }
}

fn normalize(vector: &mut [f32]) {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
}

/// The 64 bit FNV-1a hash: the same on every machine and in every build.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn similarity(a: &str, b: &str) -> f32 {
        embed(a).cosine(&embed(b))
    }

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
    }

    #[test]
    fn a_misspelt_word_is_closer_than_another_word() {
        assert!(
            similarity("propolis", "propollis") > similarity("propolis", "refractometer") + 0.2
        );
    }

    #[test]
    fn texts_that_share_words_are_closer_than_texts_that_do_not() {
        let question = "how is the varroa mite treated";
        let near = similarity(question, "Treatment of varroa mites with formic acid");
        let far = similarity(question, "Lime trees close the season in July");
        assert!(near > far + 0.2, "{near} {far}");
    }

    #[test]
    fn a_text_without_words_is_similar_to_nothing() {
        assert_eq!(similarity("", "queen"), 0.0);
        assert_eq!(similarity("?!", "?!"), 0.0);
    }

    proptest! {
        #[test]
        fn every_text_with_words_is_most_similar_to_itself(a in "[b-z]{3,9}( [b-z]{3,9}){0,5}", b in "\\PC{0,40}") {
            let itself = similarity(&a, &a);
            prop_assert!(similarity(&a, &b) <= itself + 1e-4);
            prop_assert!(itself == 0.0 || (itself - 1.0).abs() < 1e-4);
        }
    }
}

//! Embeds text without a model: stems and their letter trigrams, hashed into a fixed number of dimensions.
//!
//! `treating` and `treatment` are close, `treating` and `cure` are not. A service would call a model here.

use crate::words::content_stems;

/// The length of every vector.
const DIMENSIONS: usize = 1024;

/// The weight of all trigrams of a word together; the whole word weighs one.
const TRIGRAMS_WEIGHT: f32 = 0.7;

/// A vector of length one, or the zero vector of a text without words.
#[derive(Debug, Clone)]
pub struct Embedding(Vec<f32>);

impl Embedding {
    /// Returns the cosine of the angle between two embeddings: 1 for the same text, about 0 for unrelated texts.
    pub fn cosine(&self, other: &Self) -> f32 {
        self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum()
    }
}

/// Returns the embedding of a text.
pub fn embed(text: &str) -> Embedding {
    let mut vector = vec![0.0_f32; DIMENSIONS];
    for stem in content_stems(text) {
        add(&mut vector, stem.as_bytes(), 1.0);
        add_trigrams(&mut vector, &stem);
    }
    for value in &mut vector {
        // A word repeated ten times does not weigh ten times as much.
        *value = value.signum() * value.abs().sqrt();
    }
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
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
    vector[position] += sign * weight;
}

/// Returns the 64 bit FNV-1a hash, which is the same on every machine and in every build.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_share_words_are_closer_than_texts_that_do_not() {
        let question = embed("how is the varroa mite treated");
        let near = question.cosine(&embed("Treatment of varroa mites with formic acid"));
        let far = question.cosine(&embed("Lime trees close the season in July"));
        assert!(near > far + 0.2, "{near} {far}");
        assert!((question.cosine(&question) - 1.0).abs() < 1e-4);
        assert_eq!(question.cosine(&embed("?!")), 0.0);
    }
}

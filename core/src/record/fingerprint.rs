//! Recognises errors of one kind whose messages differ in numbers and ids.

/// Returns the fingerprint of an error: equal for errors of one type whose root causes differ only in words with digits.
///
/// ```
/// use ragspan_core::record::error_fingerprint;
///
/// let of = |message| error_fingerprint("timeout", message);
/// assert_eq!(of("no answer after 30s from node-7"), of("no answer after 45s from node-12"));
/// assert_ne!(of("no answer"), of("refused"));
/// ```
#[must_use]
pub fn error_fingerprint(error_type: &str, root_cause: &str) -> u64 {
    let mut hash = Fnv::default();
    hash.write(error_type);
    hash.write("\0");
    for word in root_cause.split_inclusive(|c: char| !c.is_alphanumeric()) {
        if word.contains(|c: char| c.is_ascii_digit()) {
            hash.write("#");
            hash.write(word.trim_start_matches(char::is_alphanumeric));
        } else {
            hash.write(word);
        }
    }
    hash.0
}

/// FNV-1a: fingerprints are stored, so they must be the same in every version of every program.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn write(&mut self, text: &str) {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_never_changes() {
        assert_eq!(error_fingerprint("", ""), 0xaf63_bd4c_8601_b7df);
        let of = |message| error_fingerprint("timeout", message);
        assert_eq!(of("after 30s"), of("after 5s"));
        assert_eq!(of("id 0a1b-2c3d gone"), of("id 9f-8e gone"));
        assert_ne!(of("after 30s"), error_fingerprint("refused", "after 30s"));
        assert_ne!(of("a b"), of("ab"));
    }
}

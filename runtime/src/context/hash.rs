//! Keyed hashes of values that identify a person: records can be joined on them, but the values cannot be read back.

use std::fmt::{self, Display, Write};
use std::sync::{LazyLock, OnceLock};

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::clock;

/// At most this many bytes of a value are hashed, since a `Display` implementation may never end.
const MAX_HASHED: usize = 1024 * 1024;

/// The key configured by `start`.
static CONFIGURED: OnceLock<HashKey> = OnceLock::new();

/// The random key of this process, used if none is configured; `None` if the system has no source of randomness.
static RANDOM: LazyLock<Option<HashKey>> =
    LazyLock::new(|| clock::secret().map(|bytes| HashKey::new(&bytes)));

/// The key of all hashes in this process.
#[derive(Clone)]
pub(crate) struct HashKey(Hmac<Sha256>);

/// Hides the key.
impl fmt::Debug for HashKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("HashKey(..)")
    }
}

impl HashKey {
    /// Creates a key from bytes of any length.
    pub(crate) fn new(key: &[u8]) -> Self {
        Self(Hmac::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes any length")))
    }

    /// Makes this the key of all hashes in this process. Only the first call has an effect.
    pub(crate) fn install(self) {
        let _first_stays = CONFIGURED.set(self);
    }

    /// Returns `hash:` and the first 64 bits of the HMAC-SHA-256 of the output of `value`'s `Display`.
    fn hash(&self, value: &dyn Display) -> String {
        let mut hashed = Hashed {
            mac: self.0.clone(),
            left: MAX_HASHED,
        };
        // An error means that the limit was reached or the user's `Display` failed: the output so far is hashed.
        let _truncated = write!(hashed, "{value}");
        let mut text = "hash:".to_owned();
        for byte in hashed.mac.finalize().into_bytes().iter().take(8) {
            // Writing to a string cannot fail.
            _ = write!(text, "{byte:02x}");
        }
        text
    }
}

/// Returns the hash of the output of `value`'s `Display`; `None` if there is no key.
pub(crate) fn hash(value: &dyn Display) -> Option<String> {
    CONFIGURED
        .get()
        .or(RANDOM.as_ref())
        .map(|key: &HashKey| key.hash(value))
}

/// Hashes the text written to it, up to a limit.
struct Hashed {
    mac: Hmac<Sha256>,
    left: usize,
}

impl Write for Hashed {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let kept = text.as_bytes();
        let kept = kept.get(..self.left).unwrap_or(kept);
        self.mac.update(kept);
        self.left -= kept.len();
        if kept.len() < text.len() {
            return Err(fmt::Error);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_match_the_published_test_vectors() {
        // RFC 4231, test cases 2 and 6.
        let short = HashKey::new(b"Jefe").hash(&"what do ya want for nothing?");
        assert_eq!(short, "hash:5bdcc146bf60754e");
        let long = HashKey::new(&[0xaa; 131]);
        let text = "Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(long.hash(&text), "hash:60e431591ee0b67f");
    }

    #[test]
    fn the_hash_does_not_depend_on_how_the_output_is_split() {
        let key = HashKey::new(b"key");
        assert_eq!(
            key.hash(&format_args!("{}@{}", "ada", 1)),
            key.hash(&"ada@1")
        );
        assert_ne!(key.hash(&"ada@1"), HashKey::new(b"other").hash(&"ada@1"));
    }

    #[test]
    fn endless_output_is_truncated() {
        struct Endless;
        impl Display for Endless {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                loop {
                    out.write_str("again and again ")?;
                }
            }
        }
        let key = HashKey::new(b"key");
        let first = "again and again ".repeat(MAX_HASHED / 16);
        assert_eq!(key.hash(&Endless), key.hash(&first));
        assert_ne!(key.hash(&Endless), key.hash(&""));
    }

    #[test]
    fn debug_output_hides_the_key() {
        let shown = format!("{:?}", HashKey::new(b"canary"));
        assert_eq!(shown, "HashKey(..)");
    }
}

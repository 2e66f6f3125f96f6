//! The parts of a usage that are billed at another price than the kind of their tokens.

use std::str::FromStr;

/// A service tier: the price list that a provider bills a call by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServiceTier {
    /// The usual price.
    #[default]
    Standard,
    /// Cheaper, and slower at times.
    Flex,
    /// Cheaper, and answered later.
    Batch,
    /// Dearer, and faster.
    Priority,
}

/// The text is not a service tier with a price list.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown service tier: expected standard, flex, batch or priority")]
pub struct ParseTierError;

crate::debug_as_display!(ParseTierError);

/// Reads the names that providers use, such as `default`, `on_demand`, and Vertex's `ON_DEMAND_FLEX`.
impl FromStr for ServiceTier {
    type Err = ParseTierError;

    fn from_str(text: &str) -> Result<Self, ParseTierError> {
        let name = text.to_ascii_lowercase();
        match name.strip_prefix("on_demand_").unwrap_or(&name) {
            "default" | "standard" | "auto" | "on_demand" => Ok(Self::Standard),
            "flex" => Ok(Self::Flex),
            "batch" => Ok(Self::Batch),
            "priority" => Ok(Self::Priority),
            _ => Err(ParseTierError),
        }
    }
}

/// The parts of a usage that are billed at another price than the kind of their tokens.
///
/// A table of prices without a price for one of these parts does not know the cost of the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Billing {
    /// The price list of the call.
    pub tier: ServiceTier,
    /// Tokens of `cache_write` that the provider's cache keeps for an hour.
    pub hour_cache_write: u64,
    /// Tokens of the prompt that are audio.
    pub audio_input: u64,
    /// Tokens of `output` that are audio.
    pub audio_output: u64,
    /// True if the provider also bills things that are not among the tokens, such as searches or images, or counts
    /// tokens that the usage does not explain.
    pub has_other_charges: bool,
}

impl Billing {
    /// Returns the billing of two parts of one stream, each of which counts from the beginning.
    pub(super) const fn merge(self, later: Self) -> Self {
        Self {
            tier: match later.tier {
                ServiceTier::Standard => self.tier,
                other => other,
            },
            hour_cache_write: most(self.hour_cache_write, later.hour_cache_write),
            audio_input: most(self.audio_input, later.audio_input),
            audio_output: most(self.audio_output, later.audio_output),
            has_other_charges: self.has_other_charges || later.has_other_charges,
        }
    }

    /// Returns the billing of two calls together. Calls of different tiers have no common price list.
    pub(super) fn sum(self, other: Self) -> Self {
        Self {
            tier: self.tier,
            hour_cache_write: self.hour_cache_write.saturating_add(other.hour_cache_write),
            audio_input: self.audio_input.saturating_add(other.audio_input),
            audio_output: self.audio_output.saturating_add(other.audio_output),
            has_other_charges: self.has_other_charges
                || other.has_other_charges
                || self.tier != other.tier,
        }
    }
}

const fn most(one: u64, other: u64) -> u64 {
    if one > other { one } else { other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_providers_are_read() {
        for (text, tier) in [
            ("default", ServiceTier::Standard),
            ("ON_DEMAND", ServiceTier::Standard),
            ("flex", ServiceTier::Flex),
            ("ON_DEMAND_FLEX", ServiceTier::Flex),
            ("batch", ServiceTier::Batch),
            ("Priority", ServiceTier::Priority),
        ] {
            assert_eq!(text.parse(), Ok(tier), "{text}");
        }
        for text in ["", "scale", "PROVISIONED_THROUGHPUT"] {
            let error = text.parse::<ServiceTier>().unwrap_err();
            assert!(error.to_string().contains("expected standard"), "{text}");
        }
    }

    #[test]
    fn calls_of_different_tiers_have_no_common_price_list() {
        let flex = Billing {
            tier: ServiceTier::Flex,
            ..Billing::default()
        };
        assert!(Billing::default().sum(flex).has_other_charges);
        assert!(!flex.sum(flex).has_other_charges);
        assert_eq!(flex.merge(Billing::default()), flex);
    }
}

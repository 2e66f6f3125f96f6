//! The price of one model, and the exact arithmetic of a call's cost.

use serde_json::Number;

use ragspan_core::{Cost, ServiceTier, Usage};

/// The number of tokens that a price is for.
const TOKENS: u128 = 1_000_000;

/// The kinds of tokens that have a price: those of [`Usage::kinds`] in their order, and the parts of [`Billing`](ragspan_core::Billing).
pub(super) const KINDS: [&str; 8] = [
    "input",
    "cached_input",
    "cache_write",
    "output",
    "reasoning",
    "cache_write_1h",
    "audio_input",
    "audio_output",
];

const OUTPUT: usize = 3;
const REASONING: usize = 4;

/// Prices of the kinds, in nano-dollars for a million tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rates(pub(super) [Option<u64>; KINDS.len()]);

impl Rates {
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    fn of(&self, kind: usize) -> Option<u64> {
        let own = self.0.get(kind).copied().flatten();
        if kind == REASONING {
            own.or(self.0[OUTPUT])
        } else {
            own
        }
    }

    fn cost(&self, usage: &Usage) -> Option<Cost> {
        let mut sum = 0_u128;
        for (kind, tokens) in amounts(usage)?.into_iter().enumerate() {
            if tokens > 0 {
                let cost = u128::from(tokens).saturating_mul(self.of(kind)?.into());
                sum = sum.saturating_add(cost);
            }
        }
        let nanos = sum.saturating_add(TOKENS / 2) / TOKENS;
        Some(Cost::from_nano_dollars(
            u64::try_from(nanos).unwrap_or(u64::MAX),
        ))
    }
}

/// Returns the tokens of each kind that has a price; `None` if the usage does not show them, or has charges beside tokens.
fn amounts(usage: &Usage) -> Option<[u64; KINDS.len()]> {
    let billing = usage.billing();
    // Audio in the cache has another price, and the counts do not show how much of the cache is audio.
    let is_mixed =
        billing.audio_input > 0 && usage.cached_input.saturating_add(usage.cache_write) > 0;
    if billing.has_other_charges || is_mixed {
        return None;
    }
    let hour = billing.hour_cache_write.min(usage.cache_write);
    let (audio_input, audio_output) = (
        billing.audio_input.min(usage.input),
        billing.audio_output.min(usage.output),
    );
    Some([
        usage.input.saturating_sub(audio_input),
        usage.cached_input,
        usage.cache_write.saturating_sub(hour),
        usage.output.saturating_sub(audio_output),
        usage.reasoning,
        hour,
        audio_input,
        audio_output,
    ])
}

/// The rates of one service tier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tier {
    pub(super) base: Rates,
    /// The rates of a call whose prompt has more tokens than the limit; ascending by limit.
    pub(super) above: Vec<(u64, Rates)>,
}

impl Tier {
    fn cost(&self, usage: &Usage) -> Option<Cost> {
        let mut steps = self.above.iter().rev();
        let step = steps.find(|(tokens, _)| usage.prompt() > *tokens);
        step.map_or(&self.base, |(_, rates)| rates).cost(usage)
    }
}

/// The service tiers with prices of their own, by their names in a table.
pub(super) const TIERS: [(ServiceTier, &str); 3] = [
    (ServiceTier::Flex, "flex"),
    (ServiceTier::Batch, "batch"),
    (ServiceTier::Priority, "priority"),
];

/// The price of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Price {
    pub(super) standard: Tier,
    /// The prices of the tiers in [`TIERS`].
    pub(super) tiers: [Option<Tier>; TIERS.len()],
}

impl Price {
    /// Returns `None` if a price is missing for the tier, or for a kind of tokens, of this usage.
    pub(super) fn cost(&self, usage: &Usage) -> Option<Cost> {
        let tier = usage.billing().tier;
        let tier = match TIERS.iter().position(|(known, _)| *known == tier) {
            Some(at) => self.tiers.get(at)?.as_ref()?,
            None => &self.standard,
        };
        tier.cost(usage)
    }
}

/// Returns a decimal number times a power of ten, rounded to a whole number, a half up. The result is exact, since
/// a float is printed by its shortest digits. Returns `None` for a negative or too large number.
pub(super) fn scaled(number: &Number, power: i32) -> Option<u64> {
    let text = match number.as_f64() {
        Some(float) if number.as_u64().is_none() => format!("{float:e}"),
        _ => format!("{number}e0"),
    };
    let (mantissa, exponent) = text.split_once('e')?;
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: u128 = format!("{whole}{decimals}").parse().ok()?;
    let exponent: i32 = exponent.parse().ok()?;
    let power = exponent
        .checked_add(power)?
        .checked_sub(i32::try_from(decimals.len()).ok()?)?;
    let ten = 10_u128.checked_pow(power.unsigned_abs());
    let scaled = match ten {
        _ if digits == 0 => 0,
        Some(ten) if power >= 0 => digits.checked_mul(ten)?,
        Some(ten) => digits.saturating_add(ten / 2) / ten,
        None if power >= 0 => return None,
        None => 0,
    };
    u64::try_from(scaled).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn read(text: &str, power: i32) -> Option<u64> {
        let value: Value = serde_json::from_str(text).unwrap();
        scaled(value.as_number()?, power)
    }

    #[test]
    fn decimals_are_scaled_exactly() {
        assert_eq!(read("0.15", 9), Some(150_000_000));
        assert_eq!(read("1.5e-07", 15), Some(150_000_000));
        assert_eq!(read("1.25e-08", 15), Some(12_500_000));
        assert_eq!(read("15", 9), Some(15_000_000_000));
        assert_eq!(read("0", 9), Some(0));
        assert_eq!(read("0.0", 9), Some(0));
        assert_eq!(read("0e99", 15), Some(0));
    }

    #[test]
    fn finer_amounts_are_rounded_and_invalid_ones_are_none() {
        assert_eq!(read("1.4e-15", 15), Some(1));
        assert_eq!(read("1.5e-15", 15), Some(2));
        assert_eq!(read("1e-300", 15), Some(0));
        assert_eq!(read("-1", 9), None);
        assert_eq!(read("-1.5e-7", 15), None);
        assert_eq!(read("1e300", 9), None);
        assert_eq!(read("18446744073709551615", 9), None);
    }

    #[test]
    fn a_price_is_for_the_whole_call_once_its_prompt_is_long() {
        let rates = |price| {
            let mut rates = Rates::default();
            (rates.0[0], rates.0[1], rates.0[3]) = (Some(price), Some(price), Some(price));
            rates
        };
        let price = Tier {
            base: rates(1_000_000),
            above: vec![(100, rates(2_000_000)), (200, rates(3_000_000))],
        };
        let cost = |input, cached| {
            let usage = Usage::new(input, 10).with_cached_input(cached);
            price.cost(&usage).map(Cost::nano_dollars)
        };
        assert_eq!(cost(40, 60), Some(110));
        assert_eq!(cost(41, 60), Some(222));
        assert_eq!(cost(201, 0), Some(633));
    }

    #[test]
    fn absurd_numbers_stop_at_the_largest() {
        let rates = Rates([Some(u64::MAX); KINDS.len()]);
        let usage = Usage::new(u64::MAX, u64::MAX).with_reasoning(u64::MAX);
        assert_eq!(rates.cost(&usage), Some(Cost::from_nano_dollars(u64::MAX)));
    }

    proptest! {
        #[test]
        fn any_price_that_a_table_would_have_is_read_to_the_last_digit(femtos in 0..1_u64 << 50) {
            let per_token = format!("{femtos}e-15");
            prop_assert_eq!(read(&per_token, 15), Some(femtos));
            let per_million = Cost::from_nano_dollars(femtos).to_string();
            prop_assert_eq!(read(&per_million, 9), Some(femtos));
        }

        #[test]
        fn any_number_is_scaled_without_harm(float in any::<f64>(), whole in any::<i64>(), power in -40..40_i32) {
            let number = Number::from_f64(float);
            let _read = number.map(|number| scaled(&number, power));
            prop_assert!(whole < 0 || scaled(&whole.into(), 0) == Some(whole.unsigned_abs()));
        }
    }
}

//! A table of model prices, and the cost of a call by it.

mod error;
mod litellm;
mod name;
mod rates;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;
use std::path::Path;

pub use error::PricesError;
pub use litellm::PriceImport;
pub use ragspan_core::{Billing, ParseTierError, ServiceTier};

use self::rates::Price;
use ragspan_core::{Cost, Usage};

/// A table of prices by model. The default is empty: no price is built in, because prices change.
///
/// A model is found by its name; else without a version after it (`-2024-08-06`, `-20240620`, `@20240620`, `:0`,
/// `-v1:0`); else without its provider before it (`openai/`, `models/`, `bedrock/`, `anthropic.` and the like). The
/// longest name in the table wins. Regions (`us.`, `eu.`) and the few versions with a price of their own
/// (`gpt-4o-2024-05-13`) are found by their whole name only. A model that is not in the table has no price, and prices
/// are never guessed: a call also has no cost if the table has no price for its service tier, its audio tokens or its
/// cache of an hour, or if the reply shows charges beside tokens, such as searches.
///
/// ```
/// use ragspan::prices::Prices;
/// use ragspan::Usage;
///
/// let prices = Prices::from_json(r#"{
///     "version": "2026-11-23",
///     "source": "our contract",
///     "unit": "usd_per_million_tokens",
///     "models": {"small-1": {"input": 0.15, "cached_input": 0.075, "output": 0.6}}
/// }"#)?;
/// let usage = Usage::new(400, 120).with_cached_input(600);
/// let cost = prices.cost("openai/small-1-2024-07-18", &usage);
/// assert_eq!(cost.map(|cost| cost.nano_dollars()), Some(400 * 150 + 600 * 75 + 120 * 600));
/// assert_eq!(prices.cost("small-2", &usage), None);
/// # Ok::<(), ragspan::prices::PricesError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    version: String,
    source: String,
    models: BTreeMap<String, Price>,
}

impl Prices {
    /// Reads the table from a file that `ragspan prices import` wrote.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, has more than 16 MiB, or does not hold a table.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, PricesError> {
        Self::from_json(&read::file(path.as_ref())?)
    }

    /// The largest size of a file, in bytes: ten times the size of a table of all known models.
    #[cfg(feature = "yaml")]
    pub(crate) const MAX_BYTES: usize = read::MAX_BYTES;

    /// Parses the table of a file that was read already.
    #[cfg(feature = "yaml")]
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, PricesError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(PricesError::shape("it has more than 16 MiB"));
        }
        let text = std::str::from_utf8(bytes);
        Self::from_json(text.map_err(|_| PricesError::shape("it is no UTF-8"))?)
    }

    /// Parses a table. Prices are US dollars for a million tokens.
    ///
    /// # Errors
    ///
    /// If the text is not a table: the error has the line, and the model with the wrong price.
    ///
    /// ```
    /// let error = ragspan::prices::Prices::from_json(r#"{"models": {"small-1": {"input": -1}}}"#).unwrap_err();
    /// assert!(error.to_string().contains("line 1: model `small-1`: `input`"));
    /// ```
    pub fn from_json(text: &str) -> Result<Self, PricesError> {
        read::table(text)
    }

    /// Parses a table in any known form: the form of `ragspan`, or that of `LiteLLM`'s
    /// `model_prices_and_context_window.json`, which has neither version nor source and gets these.
    ///
    /// Reads the prices per token, also those of service tiers (flex, batch, priority), audio, the cache of an hour and
    /// long prompts. Entries without prices per token, and those with a charge for each request, such as rerankers, are
    /// left out and counted.
    ///
    /// # Errors
    ///
    /// The same as [`from_json`](Self::from_json).
    ///
    /// ```
    /// use ragspan::prices::Prices;
    /// use ragspan::Usage;
    ///
    /// let text = r#"{
    ///     "small-1": {"input_cost_per_token": 1.5e-07, "output_cost_per_token": 6e-07, "mode": "chat"},
    ///     "paint-1": {"input_cost_per_pixel": 1.9e-08, "mode": "image_generation"}
    /// }"#;
    /// let import = Prices::import(text, "2026-11-23", "litellm")?;
    /// assert_eq!((import.prices.len(), import.skipped), (1, 1));
    /// # Ok::<(), ragspan::prices::PricesError>(())
    /// ```
    pub fn import(text: &str, version: &str, source: &str) -> Result<PriceImport, PricesError> {
        litellm::import(text, version, source)
    }

    /// Returns the version of the prices, such as the day they were taken.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the source of the prices.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns the number of models.
    #[must_use]
    pub fn len(&self) -> usize {
        self.models.len()
    }

    /// Returns `true` if the table has no models.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.models.is_empty()
    }

    /// Returns the table's name of this model.
    #[must_use]
    pub fn find(&self, model: &str) -> Option<&str> {
        self.entry(model).map(|(name, _)| name)
    }

    /// Returns the cost of a call of this model: the exact sum of tokens times price over the kinds, rounded once
    /// to the nearest nano-dollar, a half up.
    ///
    /// Returns `None` if the table does not have the model, or has no price for a kind of tokens that the call used or
    /// for its [`Billing`].
    /// Reasoning tokens without a price of their own cost as much as output tokens, as all providers bill them.
    #[must_use]
    pub fn cost(&self, model: &str, usage: &Usage) -> Option<Cost> {
        self.entry(model)?.1.cost(usage)
    }

    /// Writes the table as the text of its file: one model per line, sorted by name.
    #[must_use]
    pub fn to_json(&self) -> String {
        write::table(self)
    }

    fn entry(&self, model: &str) -> Option<(&str, &Price)> {
        let mut names = name::forms(model);
        let found = names.find_map(|name| self.models.get_key_value(name))?;
        Some((found.0, found.1))
    }
}

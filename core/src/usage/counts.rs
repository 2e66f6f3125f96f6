//! Turns the counts of a provider, some of which contain others, into kinds that do not overlap.

use super::{Billing, Usage};

/// Whether the count of a whole, the prompt or the completion, contains the count of its part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Relation {
    /// It does.
    Inside,
    /// It does not.
    #[default]
    Beside,
    /// Providers with this shape differ: the total shows which holds.
    ByTotal,
}

/// The counts of a reply. A count that the reply does not have is `None`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) prompt: Option<u64>,
    pub(super) completion: Option<u64>,
    pub(super) cached: Option<u64>,
    pub(super) written: Option<u64>,
    pub(super) reasoning: Option<u64>,
    pub(super) total: Option<u64>,
    /// The relation of `cached` and `written` to the prompt.
    pub(super) cache: Relation,
    /// The relation of `reasoning` to the completion.
    pub(super) thoughts: Relation,
    pub(super) billing: Billing,
}

/// The kinds that a reply reports: a later part of a stream replaces only these.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reported {
    /// A bit for each kind, in the order of [`Usage::kinds`].
    kinds: u8,
    /// The prompt contains the tokens of the cache, whether this part reports them or not.
    holds_cache: bool,
    /// The completion contains the reasoning, whether this part reports it or not.
    holds_thoughts: bool,
}

impl Reported {
    /// No kind: of a usage that was not read from a reply, kinds that are not zero count as reported.
    pub(super) const NONE: Self = Self {
        kinds: 0,
        holds_cache: false,
        holds_thoughts: false,
    };
}

const INPUT: u8 = 1;
const CACHED: u8 = 2;
const WRITTEN: u8 = 4;
const OUTPUT: u8 = 8;
const REASONING: u8 = 16;

/// The parts that a total may count beside their wholes, the most usual first.
const BESIDE: [u8; 7] = [
    REASONING,
    CACHED | WRITTEN,
    CACHED | WRITTEN | REASONING,
    CACHED,
    WRITTEN,
    CACHED | REASONING,
    WRITTEN | REASONING,
];

impl Counts {
    pub(super) fn usage(self) -> Usage {
        let (beside, is_explained) = self.beside();
        let with = |whole: Option<u64>, parts: u8| {
            whole.unwrap_or(0).saturating_add(self.sum(beside & parts))
        };
        let (prompt, completion) = (
            with(self.prompt, CACHED | WRITTEN),
            with(self.completion, REASONING),
        );
        let cached = self.cached.unwrap_or(0).min(prompt);
        let written = self.written.unwrap_or(0).min(prompt.saturating_sub(cached));
        let reasoning = self.reasoning.unwrap_or(0).min(completion);
        let input = prompt.saturating_sub(cached).saturating_sub(written);
        let mut usage = Usage::new(input, completion.saturating_sub(reasoning))
            .with_cached_input(cached)
            .with_cache_write(written)
            .with_reasoning(reasoning);
        usage.billing = self.billing;
        // Tokens of an unknown kind have no price.
        usage.billing.has_other_charges |= !is_explained;
        usage.reported = self.reported();
        usage
    }

    /// Returns the parts that are beside their wholes, and whether these explain the total.
    fn beside(&self) -> (u8, bool) {
        let by_shape = |relation, parts| {
            if relation == Relation::Beside {
                parts
            } else {
                0
            }
        };
        let mut beside =
            by_shape(self.cache, CACHED | WRITTEN) | by_shape(self.thoughts, REASONING);
        let (prompt, completion) = (self.prompt.unwrap_or(0), self.completion.unwrap_or(0));
        let whole = prompt.saturating_add(completion);
        let total = self.total.unwrap_or(whole);
        let (rest, mut is_explained) = (total.saturating_sub(whole), true);
        if rest > 0 && (self.cache == Relation::ByTotal || self.thoughts == Relation::ByTotal) {
            let found = BESIDE.into_iter().find(|parts| self.sum(*parts) == rest);
            is_explained = found.is_some();
            beside |= found.unwrap_or(0);
        }
        // A part that is greater than its whole is beside it, unless the counts contradict each other anyway.
        if total >= whole && beside & (CACHED | WRITTEN) == 0 && self.sum(CACHED | WRITTEN) > prompt
        {
            beside |= CACHED | WRITTEN;
        }
        if total >= whole && self.sum(REASONING) > completion {
            beside |= REASONING;
        }
        (beside, is_explained)
    }

    /// Returns the sum of these parts.
    fn sum(&self, parts: u8) -> u64 {
        let all = [
            (CACHED, self.cached),
            (WRITTEN, self.written),
            (REASONING, self.reasoning),
        ];
        let chosen = all.into_iter().filter(|(part, _)| parts & part != 0);
        chosen.fold(0, |sum, (_, count)| sum.saturating_add(count.unwrap_or(0)))
    }

    fn reported(&self) -> Reported {
        let all = [
            (INPUT, self.prompt),
            (CACHED, self.cached),
            (WRITTEN, self.written),
            (OUTPUT, self.completion),
            (REASONING, self.reasoning),
        ];
        let known = all.into_iter().filter(|(_, count)| count.is_some());
        Reported {
            kinds: known.fold(0, |bits, (kind, _)| bits | kind),
            holds_cache: self.cache != Relation::Beside,
            holds_thoughts: self.thoughts != Relation::Beside,
        }
    }
}

/// Returns the usage after `later` arrived in the same stream: kinds that `later` does not report stay as they were.
pub(super) const fn merge(before: Usage, later: Usage) -> Usage {
    let reported = later.reported;
    let (cached_input, kept_cached) =
        pick(reported, CACHED, before.cached_input, later.cached_input);
    let (cache_write, kept_written) =
        pick(reported, WRITTEN, before.cache_write, later.cache_write);
    let (reasoning, kept_reasoning) = pick(reported, REASONING, before.reasoning, later.reasoning);
    let (mut input, kept_input) = pick(reported, INPUT, before.input, later.input);
    if reported.holds_cache && kept_input == 0 {
        input = input.saturating_sub(kept_cached.saturating_add(kept_written));
    }
    let (mut output, kept_output) = pick(reported, OUTPUT, before.output, later.output);
    if reported.holds_thoughts && kept_output == 0 {
        output = output.saturating_sub(kept_reasoning);
    }
    let mut all = later;
    all.input = input;
    all.cached_input = cached_input;
    all.cache_write = cache_write;
    all.output = output;
    all.reasoning = reasoning;
    all.billing = before.billing.merge(later.billing);
    all.reported.kinds |= before.reported.kinds;
    all
}

/// Returns the count to use, and the count that is kept: zero if the later part reports the kind.
const fn pick(reported: Reported, kind: u8, before: u64, later: u64) -> (u64, u64) {
    if later > 0 || reported.kinds & kind != 0 {
        (later, 0)
    } else {
        (before, before)
    }
}

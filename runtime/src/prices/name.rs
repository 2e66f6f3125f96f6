//! The names under which a table may have a model, from the name itself to the shortest.

/// After these prefixes follows the vendor's own name of the model, at the vendor's own price. Resellers of models
/// (azure, openrouter, groq ..) and regions (`us.`, `eu.` ..), which have prices of their own, are not in the list.
const PROVIDERS: [&str; 18] = [
    "openai/",
    "anthropic/",
    "google/",
    "gemini/",
    "models/",
    "mistral/",
    "mistralai/",
    "cohere/",
    "deepseek/",
    "xai/",
    "x-ai/",
    "bedrock/",
    "amazon.",
    "anthropic.",
    "cohere.",
    "deepseek.",
    "meta.",
    "mistral.",
];

/// Versions that had another price than the name without a date has.
const OWN_PRICES: [&str; 4] = [
    "gpt-4o-2024-05-13",
    "gpt-4o-audio-preview-2024-10-01",
    "gpt-4o-realtime-preview-2024-10-01",
    "o1-mini-2024-09-12",
];

/// Returns every form of the name, the longest first.
pub(super) fn forms(model: &str) -> impl Iterator<Item = &str> {
    let whole = model.trim();
    std::iter::successors(Some(whole), |name| without_provider(name)).flat_map(versions)
}

fn without_provider(name: &str) -> Option<&str> {
    let mut providers = PROVIDERS.iter();
    providers.find_map(|provider| name.strip_prefix(provider))
}

/// Returns the name, the name without its revision (`:0`, and the `-v1` before it), and the name without its date.
fn versions(name: &str) -> impl Iterator<Item = &str> {
    let revision = without_revision(name);
    let bare = revision.and_then(|name| without_number(name, "-v"));
    let last = bare.or(revision).unwrap_or(name);
    let dateless = without_date(last).filter(|_| !has_own_price(last));
    [Some(name), revision, bare, dateless].into_iter().flatten()
}

fn has_own_price(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    OWN_PRICES.contains(&name)
}

fn without_revision(name: &str) -> Option<&str> {
    without_number(name, ":")
}

/// Returns the text before a separator that only digits follow.
fn without_number<'a>(name: &'a str, mark: &str) -> Option<&'a str> {
    let (before, number) = name.rsplit_once(mark)?;
    is_digits(number).then_some(before)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Strips `-2024-08-06` or `-20240806`, or either after `@`.
fn without_date(name: &str) -> Option<&str> {
    let dashed = name.len().checked_sub(11);
    let dashed = dashed.and_then(|at| name.split_at_checked(at));
    let plain = name.len().checked_sub(9);
    let plain = plain.and_then(|at| name.split_at_checked(at));
    let mut both = [dashed, plain].into_iter().flatten();
    both.find_map(|(before, date)| is_date(date).then_some(before))
        .filter(|before| !before.is_empty())
}

fn is_date(text: &str) -> bool {
    let Some(date) = text.strip_prefix(['-', '@']) else {
        return false;
    };
    let parts: Vec<&str> = match date.len() {
        10 => date.splitn(3, '-').collect(),
        _ => date
            .split_at_checked(4)
            .and_then(|(year, rest)| Some((year, rest.split_at_checked(2)?)))
            .map_or_else(Vec::new, |(year, (month, day))| vec![year, month, day]),
    };
    let [year, month, day] = parts[..] else {
        return false;
    };
    let within = |text: &str, length, least: u32, most| {
        let number = text.parse().ok().filter(|_| is_digits(text));
        text.len() == length && number.is_some_and(|number| (least..=most).contains(&number))
    };
    within(year, 4, 2000, 2999) && within(month, 2, 1, 12) && within(day, 2, 1, 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(model: &str, expected: &[&str]) {
        assert_eq!(forms(model).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_plain_name_has_one_form() {
        for name in [
            "gpt-4o",
            "gpt-4-0613",
            "claude-3-5-sonnet-v2",
            "text-embedding-3-small",
            "my-model-2024-13-06",
            "20240806",
            "-20240806",
            "my-model-12345678",
            "azure/gpt-4o",
            "é-2024-08-0é",
            "",
        ] {
            check(name, &[name]);
        }
    }

    #[test]
    fn versions_go_before_providers() {
        check("gpt-4o-2024-08-06", &["gpt-4o-2024-08-06", "gpt-4o"]);
        check("a@20240620", &["a@20240620", "a"]);
        check(
            "openai/gpt-4o-2024-08-06",
            &[
                "openai/gpt-4o-2024-08-06",
                "openai/gpt-4o",
                "gpt-4o-2024-08-06",
                "gpt-4o",
            ],
        );
        check(
            "bedrock/anthropic.c-20240620-v1:0",
            &[
                "bedrock/anthropic.c-20240620-v1:0",
                "bedrock/anthropic.c-20240620-v1",
                "bedrock/anthropic.c-20240620",
                "bedrock/anthropic.c",
                "anthropic.c-20240620-v1:0",
                "anthropic.c-20240620-v1",
                "anthropic.c-20240620",
                "anthropic.c",
                "c-20240620-v1:0",
                "c-20240620-v1",
                "c-20240620",
                "c",
            ],
        );
    }

    #[test]
    fn a_region_and_a_version_with_its_own_price_stay() {
        check("eu.anthropic.c", &["eu.anthropic.c"]);
        check(
            "bedrock/us.anthropic.c",
            &["bedrock/us.anthropic.c", "us.anthropic.c"],
        );
        check("gpt-4o-2024-05-13", &["gpt-4o-2024-05-13"]);
        check(
            "openai/gpt-4o-2024-05-13",
            &["openai/gpt-4o-2024-05-13", "gpt-4o-2024-05-13"],
        );
    }

    proptest! {
        #[test]
        fn any_name_is_cut_without_harm(name in "([a-z/.@:é-]|20240806|2024-08-06|openai/|us.|-v1:0){0,12}") {
            let forms: Vec<_> = forms(&name).collect();
            prop_assert_eq!(forms.first(), Some(&name.trim()));
            prop_assert!(forms.iter().all(|form| name.contains(form)));
        }
    }
}

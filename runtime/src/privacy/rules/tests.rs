use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::privacy::Settings;

fn rules() -> &'static Rules {
    static RULES: LazyLock<Rules> = LazyLock::new(|| Settings::default().rules());
    &RULES
}

fn redacted(text: &str) -> String {
    rules().redact(text, &mut Hits::default()).into_owned()
}

/// A secret for each rule, with its redacted form.
const PLANTED: &[(Redaction, &str, &str)] = &[
    (
        Redaction::ApiKeys,
        "sk-proj-T3BlbkFJabcdefghij0123456789",
        "",
    ),
    (Redaction::ApiKeys, "sk-ant-api03-abcdefghijklmnop-QR_1", ""),
    (Redaction::ApiKeys, "AKIAIOSFODNN7EXAMPLE", ""),
    (Redaction::ApiKeys, "AKIAIOSFODNNKEXAMPLE", ""),
    (
        Redaction::ApiKeys,
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "",
    ),
    (
        Redaction::ApiKeys,
        "github_pat_11ABCDEFG0abcdefghijkl_mnop",
        "",
    ),
    (Redaction::ApiKeys, "xoxb-123456789012-abcdefABCDEF", ""),
    (
        Redaction::ApiKeys,
        "AIzaSyA-1234567890abcdefghijklmnopqrstu",
        "",
    ),
    (
        Redaction::ApiKeys,
        "lsv2_pt_0123456789abcdef0123456789abcdef_0123456789",
        "",
    ),
    (
        Redaction::ApiKeys,
        "AIza--a-aA_-_Aaa-Aaa_a-aaaaA-a_aA--AaaA",
        "",
    ),
    (Redaction::ApiKeys, "sk_live_4eC39HqLyjWDarjtT1zdp7dc", ""),
    (
        Redaction::ApiKeys,
        "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH",
        "",
    ),
    (
        Redaction::ApiKeys,
        "SG.abcdefghijklmnopqrstuv.wxyzABCDEFGHIJKLMNOP",
        "",
    ),
    (Redaction::Bearer, "Bearer 0123456789abcdef", "Bearer "),
    (Redaction::Bearer, "bearer aBcDeFgHiJkLmNoP", "bearer "),
    (
        Redaction::Bearer,
        "Authorization: Basic dXNlcjpwYXNz",
        "Authorization: Basic ",
    ),
    (
        Redaction::Jwt,
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
        "",
    ),
    (
        Redaction::PrivateKeys,
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----",
        "",
    ),
    (
        Redaction::UrlCredentials,
        "postgres://app:hunter2@db:5432/rag",
        "postgres://@db:5432/rag",
    ),
    (
        Redaction::NamedValues,
        "host=db password=hunter2",
        "host=db password=",
    ),
    (Redaction::NamedValues, "x-api-key: hunter2", "x-api-key: "),
    (
        Redaction::UrlCredentials,
        "https://x.example/?a=1&api_key=abc123",
        "https://x.example/?a=1&api_key=",
    ),
    (Redaction::Emails, "ada.lovelace+rag@mail.example.com", ""),
    (Redaction::Emails, "jürgen@bücher.example", ""),
    (Redaction::Emails, "ada%40example.com", ""),
    (Redaction::Cards, "4111 1111 1111 1111", ""),
    (Redaction::Cards, "5555555555554444", ""),
    (Redaction::Cards, "3782-822463-10005", ""),
];

#[test]
fn each_secret_is_redacted_by_its_own_rule_and_the_surrounding_text_stays() {
    for (rule, secret, left) in PLANTED {
        let mark = format!("[redacted:{}]", rule.name());
        for (before, after) in [
            ("", ""),
            ("see ", " now"),
            ("ключ=\"", "\"漢字"),
            ("\u{1b}[31m", "\u{1b}[0m"),
        ] {
            let text = redacted(&format!("{before}{secret}{after}"));
            assert_eq!(text.matches(&mark).count(), 1, "{secret} -> {text}");
            let rest = text.replace(&mark, "");
            let expected = format!("{before}{left}{after}");
            // An e-mail address includes the letters of an escape before it.
            if *rule != Redaction::Emails {
                assert_eq!(rest, expected, "{secret}");
            }
        }
    }
}

#[test]
fn text_that_resembles_a_secret_is_not_redacted() {
    for text in [
        "task-id sk-learn-pipeline-with-many-words",
        "risk-assessment-of-a-long-thing-123456",
        "the bearer of bad news, Bearer Authentication failed",
        "git clone git@github.com:org/repo ssh://git@github.com/org/repo",
        "@scope/package@1.2.3 a@b",
        "https://example.com/a?page=2&sort=asc&tokens=12",
        "-----BEGIN CERTIFICATE-----",
        "eyJhbGciOiJIUzI1NiJ9",
        "req-01a2073ac418-f7f31d",
        "http://[::1]:8080/metrics http://db:5432/x",
        "hash:4111111111111111",
        "authorization failed for tenant acme",
        "2026-11-25 13:09:03.123456",
    ] {
        assert_eq!(redacted(text), text);
    }
}

#[test]
fn a_password_of_a_url_may_have_any_character() {
    for (text, shown) in [
        ("postgres://app:hun/ter2@db/rag", "postgres://~@db/rag"),
        ("postgres://app:p@ss/w?or#d@db/rag", "postgres://~@db/rag"),
        (
            "postgresql+asyncpg://app:a\\b/c@db",
            "postgresql+asyncpg://~@db",
        ),
        ("https://app:hun/ter2@host/x", "https://~@host/x"),
        ("https://app:a?b#c@host/x", "https://~@host/x"),
        ("redis://:a/b@[::1]:6379", "redis://~@[::1]:6379"),
        ("amqp://app:12/34@mq", "amqp://~@mq"),
        (
            "https://host:8080/users/@ada",
            "https://host:8080/users/@ada",
        ),
        ("https://host/a:b/@ada", "https://host/a:b/@ada"),
        ("http://[::1]:80/@x", "http://[::1]:80/@x"),
        (
            "https://registry.example/@scope:1.2/x@1",
            "https://registry.example/@scope:1.2/x@1",
        ),
    ] {
        let redacted = redacted(text).replace("[redacted:url_credentials]", "~");
        assert_eq!(redacted, shown, "{text}");
    }
}

#[test]
fn a_key_that_is_cut_off_goes_to_the_end() {
    let text = redacted("key: -----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg");
    assert_eq!(text, "key: [redacted:private_keys]");
}

#[test]
fn debug_output_does_not_hide_a_secret() {
    for (rule, secret, _) in PLANTED {
        let printed = format!("{:?}", format!("line\n{secret}\tline"));
        let text = redacted(&printed);
        assert!(text.contains(rule.name()), "{printed} -> {text}");
    }
}

#[test]
fn only_the_rules_that_count_are_used_and_off_is_off() {
    let only = Rules::new(&[Redaction::Emails], &[], &Names::default());
    let mut hits = Hits::default();
    let text = "ada@example.com AKIAIOSFODNN7EXAMPLE bob@example.com";
    assert_eq!(
        only.redact(text, &mut hits),
        "[redacted:emails] AKIAIOSFODNN7EXAMPLE [redacted:emails]"
    );
    assert_eq!(hits.iter().collect::<Vec<_>>(), [("emails", 2)]);
    let off = Rules::new(&[], &[], &Names::default());
    assert!(off.is_off() && !off.may_find(text));
    assert_eq!(off.redact(text, &mut hits), text);
}

#[test]
fn an_expression_of_the_users_own_is_a_rule() {
    let mut settings = Settings::default();
    settings.pattern("patient", r"^P-\d{4}\b").unwrap();
    let rules = settings.rules();
    assert!(rules.may_find("xP-1234"), "a beginning may match");
    let shown = |text| rules.redact(text, &mut Hits::default()).into_owned();
    assert_eq!(shown("P-1234 is ill"), "[redacted:patient] is ill");
    assert_eq!(shown("not P-1234"), "not P-1234");
}

#[test]
fn an_invalid_rule_is_rejected() {
    let refused = |name, pattern| Settings::default().pattern(name, pattern).unwrap_err();
    assert_eq!(refused("emails", "a"), RedactionError::Name);
    assert_eq!(refused("Bad Name", "a"), RedactionError::Name);
    assert_eq!(refused("x", "a*"), RedactionError::Empty);
    assert_eq!(refused("x", r"\w{1000}{1000}"), RedactionError::TooLarge);
    let RedactionError::Syntax(text) = refused("x", "a(b") else {
        panic!("it is wrong");
    };
    assert_eq!(text, "unclosed group");
}

fn planted() -> impl Strategy<Value = (Redaction, String)> {
    let fixed =
        proptest::sample::select(PLANTED).prop_map(|(rule, secret, _)| (rule, secret.to_owned()));
    let made = |rule, shape: &'static str| shape.prop_map(move |text: String| (rule, text)).boxed();
    prop_oneof![
        fixed,
        made(Redaction::ApiKeys, "sk-[A-Za-z0-9]{16,40}7"),
        made(Redaction::ApiKeys, "AKIA[A-Z0-9]{16}"),
        made(Redaction::ApiKeys, "ghp_[A-Za-z0-9]{36}"),
        made(Redaction::ApiKeys, "xoxp-[0-9]{10,12}-[A-Za-z0-9]{24}"),
        made(Redaction::ApiKeys, "AIza[A-Za-z0-9_-]{35}"),
        made(Redaction::ApiKeys, "lsv2_sk_[a-f0-9]{32}_[a-f0-9]{10}"),
        made(Redaction::Bearer, "Bearer [A-Za-z0-9._-]{7,60}1[A-Za-z0-9]"),
        made(
            Redaction::Jwt,
            "eyJ[A-Za-z0-9_-]{10,40}\\.[A-Za-z0-9_-]{10,60}\\.[A-Za-z0-9_-]{43}"
        ),
        made(
            Redaction::UrlCredentials,
            "redis://[a-z]{1,8}:[A-Za-z0-9!$%&*()_+=.-]{1,20}@[a-z]{1,8}:6379"
        ),
        made(
            Redaction::Emails,
            "[a-z][a-z0-9._+-]{0,20}[a-z0-9]@[a-z0-9]{1,10}(\\.[a-z0-9]{1,8}){0,2}\\.[a-z]{2,6}"
        ),
        card().prop_map(|text| (Redaction::Cards, text)),
    ]
}

/// Sixteen digits of Visa or Mastercard with a right check digit, grouped in one of three ways.
fn card() -> impl Strategy<Value = String> {
    let digits = proptest::collection::vec(0..10_u8, 13);
    (prop_oneof![Just([4, 0]), Just([5, 3])], digits, 0..3_usize).prop_map(|(head, digits, how)| {
        let digits: Vec<u8> = head.into_iter().chain(digits).collect();
        let text = |last: u8| -> String {
            let all = digits.iter().chain([&last]);
            let all: Vec<char> = all.map(|digit| char::from(b'0' + digit)).collect();
            let groups: Vec<String> = all.chunks(4).map(|four| four.iter().collect()).collect();
            groups.join(["", " ", "-"][how])
        };
        let sum: u32 = digits
            .iter()
            .rev()
            .enumerate()
            .map(|(index, digit)| {
                let twice = u32::from(*digit) * if index % 2 == 0 { 2 } else { 1 };
                twice / 10 + twice % 10
            })
            .sum();
        text(u8::try_from((10 - sum % 10) % 10).unwrap())
    })
}

/// Text before and after a secret.
fn surrounding() -> impl Strategy<Value = (String, String)> {
    let before = prop_oneof![
        Just(String::new()),
        any::<String>().prop_map(|text| format!("{text} ")),
        "[\\p{Greek}漢字é🙂]{1,20}[\"'=(>,;]",
        Just("{\"key\": \"".to_owned()),
    ];
    let after = prop_oneof![
        Just(String::new()),
        any::<String>().prop_map(|text| format!(" {text}")),
        "[\"')<,;][\\p{Greek}漢字é🙂]{1,20}",
    ];
    (before, after)
}

proptest! {
    #[test]
    fn a_planted_secret_is_found_at_any_position((_, secret) in planted(), (before, after) in surrounding()) {
        let text = format!("{before}{secret}{after}");
        let rules = rules();
        prop_assert!(rules.may_find(&text));
        // The prefilter scans concatenated texts.
        let joined = format!("word{secret}word7");
        prop_assert!(rules.may_find(&joined));
        let shown = rules.redact(&text, &mut Hits::default());
        let core = secret.rsplit([' ', '/']).next().unwrap_or(&secret);
        prop_assert!(!shown.contains(&secret), "{secret} in {shown}");
        prop_assert!(core.len() < 8 || core.contains('@') || !shown.contains(core), "{core} in {shown}");
    }

    #[test]
    fn ids_times_hashes_and_numbers_are_no_secrets(
        id in any::<u128>(),
        digits in "[0-9]{8}-[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{12}",
        hash in "[0-9a-f]{40}|[0-9a-f]{64}|hash:[0-9a-f]{16}",
        millis in 1_000_000_000_000_u64..2_000_000_000_000,
        float in -1e12..1e12_f64,
        small in any::<u32>(),
        short in "req-[0-9a-f]{12}-[0-9a-f]{6}|ses-[0-9]{12}-[0-9]{6}",
    ) {
        let part = |shift: u32, digits: u32| (id >> shift) & ((1_u128 << (4 * digits)) - 1);
        let (a, b, c, d, e) = (part(96, 8), part(80, 4), part(64, 4), part(48, 4), part(0, 12));
        let uuid = format!("{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}");
        let times = [
            millis.to_string(),
            format!("{}", millis * 1000),
            format!("{}", millis * 1_000_000),
            format!("2026-{:02}-{:02}T13:09:03.{:06}Z", 1 + small % 12, 1 + small % 28, small % 1_000_000),
        ];
        let texts = [uuid, digits, hash, float.to_string(), small.to_string(), short];
        for text in texts.into_iter().chain(times) {
            for surrounding in [text.clone(), format!("id={text} "), format!("\"{text}\",")] {
                prop_assert_eq!(redacted(&surrounding), surrounding);
            }
        }
    }

    #[test]
    fn any_text_is_read_without_harm_and_once_is_enough(text in any::<String>(), (_, secret) in planted()) {
        let once = redacted(&format!("{text}{secret}{text}"));
        prop_assert_eq!(redacted(&once), once);
    }
}
